"""A style of matplotlib's own: white on black.

leaves: a.png
"""

import matplotlib.pyplot as plt

plt.style.use("dark_background")
plt.bar(["a", "b"], [1, 2])
plt.savefig("a.png")
