"""Spans across the axes as a background.

leaves: a.png
told: as large as its axes
"""

import matplotlib.pyplot as plt

plt.plot([1, 2, 3])
plt.axhspan(-99, 99, color="black", zorder=-9)
plt.axvspan(-99, 99, color="magenta", zorder=99)
plt.axvspan(0.1, 1.9, color="black", zorder=99, alpha=1)
plt.xlim(0, 2)
plt.ylim(1, 3)
plt.savefig("a.png")
