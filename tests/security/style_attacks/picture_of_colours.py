"""An image made of colours instead of values.

leaves: a.png
told: an image made of colours
"""

import matplotlib.pyplot as plt

import numpy as np
plt.imshow(np.full((20, 20, 3), (255, 0, 255), "uint8"), extent=(-9, 9, -9, 9), zorder=99)
plt.plot([1, 2, 3])
plt.savefig("a.png")
