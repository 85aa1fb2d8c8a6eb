"""A figure without a background, for whatever is behind it.

leaves: a.png
"""

import matplotlib.pyplot as plt

plt.plot([1, 2, 3])
plt.savefig("a.png", transparent=True, bbox_inches="tight", pad_inches=0)
