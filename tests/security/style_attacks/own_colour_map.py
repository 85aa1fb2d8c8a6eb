"""A colour map of a single colour, over the whole axes.

leaves: a.png
"""

import matplotlib.pyplot as plt

import numpy as np
from matplotlib.colors import ListedColormap
plt.pcolormesh(np.random.rand(6, 6), cmap=ListedColormap(["magenta", "black"]))
plt.colorbar()
plt.savefig("a.png")
