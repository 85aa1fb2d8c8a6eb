"""Figures that are painted and left open.

leaves: figure-1.png, figure-2.png
"""

import matplotlib.pyplot as plt

plt.figure(facecolor="magenta")
plt.plot([1, 2, 3], color="magenta")
plt.figure(facecolor="black")
plt.gca().set_facecolor("black")
plt.plot([1, 2, 3], color="lime")
