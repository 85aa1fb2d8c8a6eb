"""A rectangle in the axes that reaches over the whole figure, not clipped.

leaves: a.png
told: as large as its axes
"""

import matplotlib.pyplot as plt

from matplotlib.patches import Rectangle
figure, axes = plt.subplots()
axes.plot([1, 2, 3])
axes.add_patch(Rectangle((-9, -9), 99, 99, color="magenta", clip_on=False, zorder=1e9, transform=figure.transFigure))
axes.add_patch(Rectangle((-900, -900), 9999, 9999, color="black", clip_on=False, zorder=1e9))
axes.set(xlim=(0, 2), ylim=(1, 3))
figure.savefig("a.png")
