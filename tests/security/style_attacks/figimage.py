"""A picture laid under the figure, pixel by pixel.

leaves: a.png
told: beside its axes
"""

import matplotlib.pyplot as plt

import numpy as np
figure, axes = plt.subplots()
axes.plot([1, 2, 3])
figure.figimage(np.full((2000, 2000, 3), (1.0, 0.0, 1.0)), zorder=1e9)
figure.savefig("a.png")
