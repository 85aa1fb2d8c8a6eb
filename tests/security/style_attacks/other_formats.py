"""Formats that matplotlib writes besides PNG.

leaves: a.png, b.svg, c.pdf, d.png
"""

import matplotlib.pyplot as plt

figure, axes = plt.subplots(facecolor="magenta")
axes.set_facecolor("lime")
axes.plot([1, 2, 3], color="magenta")
for name in ("a.jpg", "b.svg", "c.pdf", "d.eps"):
    figure.savefig(name, facecolor="magenta")
