"""Spines and ticks as wide as the margin.

leaves: a.png
"""

import matplotlib.pyplot as plt

figure, axes = plt.subplots()
axes.plot([1, 2, 3])
for spine in axes.spines.values():
    spine.set(color="magenta", linewidth=300)
axes.tick_params(length=500, width=500, color="magenta", labelcolor="magenta", labelsize=90)
figure.savefig("a.png", dpi=20)
