"""A figure larger than any page, without margins.

leaves: a.png
"""

import matplotlib.pyplot as plt

figure = plt.figure(figsize=(60, 90), dpi=10)
axes = figure.add_axes((-1, -1, 3, 3), facecolor="magenta")
axes.plot([1, 2, 3], linewidth=400, color="magenta")
figure.savefig("a.png", dpi=10)
