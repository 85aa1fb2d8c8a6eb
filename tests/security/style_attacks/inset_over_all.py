"""Axes within axes, larger than the figure.

leaves: a.png
"""

import matplotlib.pyplot as plt

figure, axes = plt.subplots()
axes.plot([1, 2, 3])
inner = axes.inset_axes((-9, -9, 30, 30), facecolor="magenta", zorder=99)
inner.plot([3, 2, 1], color="lime")
figure.savefig("a.png")
