"""Pixels saved by matplotlib without a figure.

leaves: nothing
told: withheld
"""

import matplotlib.pyplot as plt

import numpy as np
plt.imsave("a.png", np.full((40, 40, 3), (255, 0, 255), "uint8"))
