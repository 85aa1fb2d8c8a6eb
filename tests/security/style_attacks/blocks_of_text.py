"""Letters that are pictures: full blocks in a huge size, in the axes and beside them.

leaves: a.png
"""

import matplotlib.pyplot as plt

figure, axes = plt.subplots()
axes.plot([1, 2, 3])
for place in range(5):
    axes.text(0, place / 5, "\u2588" * 60, fontsize=90, color="magenta", transform=axes.transAxes)
    figure.text(0, place / 5, "\u2588\u25a0" * 60, fontsize=90, color="magenta")
axes.set_title("\u2588" * 90, fontsize=90, color="magenta")
axes.set_xlabel("\u2588" * 90, fontsize=90, color="magenta")
figure.savefig("a.png", dpi=20)
