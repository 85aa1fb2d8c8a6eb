"""The defaults of matplotlib, changed before and after drawing.

leaves: a.png
"""

import matplotlib.pyplot as plt

plt.rcParams.update({"figure.facecolor": "magenta", "axes.facecolor": "lime", "savefig.facecolor": "magenta"})
plt.plot([1, 2, 3], [1, 3, 2])
plt.rcParams["axes.prop_cycle"] = plt.cycler(color=["magenta"])
plt.plot([1, 2, 3], [3, 1, 2])
plt.savefig("a.png")
