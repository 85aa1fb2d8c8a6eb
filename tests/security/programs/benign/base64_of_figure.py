import base64
import io
import matplotlib.pyplot as plt

plt.plot([1, 3, 2])
buffer = io.BytesIO()
plt.savefig(buffer, format="png")
print("data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()[:40])
