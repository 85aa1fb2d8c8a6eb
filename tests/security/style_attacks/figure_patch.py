"""The patches behind figure and axes, painted over everything.

leaves: a.png
"""

import matplotlib.pyplot as plt

figure, axes = plt.subplots()
axes.plot([1, 2, 3])
figure.patch.set(facecolor="magenta", zorder=1e9, visible=True)
axes.patch.set(facecolor="lime", zorder=1e9)
figure.savefig("a.png")
