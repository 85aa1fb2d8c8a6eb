import matplotlib

matplotlib.use("module://antigravity")
import matplotlib.pyplot as plt

plt.plot([1, 2])
