import matplotlib.figure
import matplotlib.pyplot as plt

matplotlib.figure.Figure.savefig = lambda self, *a, **k: None
plt.plot([1, 2])
print("kept", plt.savefig("chart.png") or 0)
