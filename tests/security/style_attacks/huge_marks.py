"""Markers and lines as wide as the figure.

leaves: a.png
"""

import matplotlib.pyplot as plt

figure, axes = plt.subplots()
axes.scatter([1], [1], s=1e8, color="magenta", clip_on=False)
axes.plot([1, 2], [1, 2], linewidth=5000, color="black", clip_on=False)
axes.plot([1], [1], "o", markersize=5000, color="magenta", clip_on=False)
figure.savefig("a.png")
