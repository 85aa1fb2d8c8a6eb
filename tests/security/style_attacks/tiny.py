"""A figure of a few pixels.

leaves: a.png
"""

import matplotlib.pyplot as plt

plt.figure(figsize=(0.2, 0.2), dpi=10)
plt.axes((0, 0, 1, 1)).plot([1, 2, 3])
plt.savefig("a.png", dpi=10)
