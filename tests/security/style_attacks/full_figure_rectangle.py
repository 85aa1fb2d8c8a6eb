"""A rectangle over the whole figure, in front of all.

leaves: a.png
told: beside its axes
"""

import matplotlib.pyplot as plt

from matplotlib.patches import Rectangle
figure, axes = plt.subplots()
axes.plot([1, 2, 3])
figure.add_artist(Rectangle((-1, -1), 3, 3, color="magenta", transform=figure.transFigure, zorder=1e9))
figure.savefig("a.png")
