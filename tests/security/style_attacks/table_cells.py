"""A table whose cells are painted.

leaves: a.png
"""

import matplotlib.pyplot as plt

figure, axes = plt.subplots()
axes.axis("off")
axes.table(cellText=[["1", "2"], ["3", "4"]], cellColours=[["magenta"] * 2] * 2, bbox=(-9, -9, 30, 30))
figure.savefig("a.png")
