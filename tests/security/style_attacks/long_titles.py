"""Titles so large and so long that no room is left for anything else.

leaves: a.png
"""

import matplotlib.pyplot as plt

figure, axes = plt.subplots()
axes.plot([1, 2, 3])
axes.set_title("\n".join(["WWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWWW"] * 8), fontsize=60, color="magenta", backgroundcolor="lime")
figure.suptitle("\n".join(["MMMM"] * 30), color="magenta", backgroundcolor="magenta")
axes.set_ylabel("W" * 299, color="magenta", backgroundcolor="black")
figure.savefig("a.png", dpi=20)
