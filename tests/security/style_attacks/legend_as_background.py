"""A legend that is larger than its figure.

leaves: a.png
"""

import matplotlib.pyplot as plt

figure, axes = plt.subplots()
axes.plot([1, 2, 3], label="W" * 200, color="magenta")
axes.legend(facecolor="magenta", edgecolor="black", framealpha=1, fontsize=200, loc="center", borderpad=90)
figure.legend(["M" * 250] * 40, facecolor="magenta", fontsize=99)
figure.savefig("a.png", dpi=20)
