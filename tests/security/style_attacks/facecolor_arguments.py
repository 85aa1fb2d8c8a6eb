"""Colours handed to subplots, to the axes and to savefig.

leaves: a.png
"""

import matplotlib.pyplot as plt

figure, axes = plt.subplots(facecolor="magenta", edgecolor="lime", linewidth=40)
axes.set_facecolor("lime")
axes.plot([1, 2, 3])
figure.savefig("a.png", facecolor="magenta", edgecolor="lime")
