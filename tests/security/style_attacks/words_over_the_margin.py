"""Words that begin in the axes and run over the margin.

leaves: a.png
"""

import matplotlib.pyplot as plt

figure, axes = plt.subplots()
axes.plot([1, 2, 3])
for place in range(12):
    axes.text(1, place / 12, "W" * 200, transform=axes.transAxes, color="magenta")
    axes.text(0, place / 12, "M" * 200, ha="right", transform=axes.transAxes, color="black")
    axes.text(place / 12, 1.1, "H" * 200, rotation=90, transform=axes.transAxes)
    axes.text(place / 12, -0.1, "H" * 200, rotation=90, va="top", transform=axes.transAxes)
figure.savefig("a.png", dpi=20)
