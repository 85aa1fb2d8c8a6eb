"""Filled areas as large as the axes.

leaves: a.png
told: as large as its axes
"""

import matplotlib.pyplot as plt

plt.plot([0, 1], [0, 1])
plt.fill_between([-9, 9], -9, 9, color="black", zorder=-5)
plt.fill([-9, 9, 9, -9], [-9, -9, 9, 9], color="magenta", zorder=50)
plt.xlim(0, 1)
plt.ylim(0, 1)
plt.savefig("a.png")
