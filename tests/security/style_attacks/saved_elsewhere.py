"""Figures saved by open files, from another directory, and without an ending, all painted.

leaves: a.png, plots/b.png, c.png, plots/d.png
"""

import os
from pathlib import Path

import matplotlib.pyplot as plt

figure, axes = plt.subplots(facecolor="magenta")
axes.plot([1, 2, 3], color="magenta")
with open("a.png", "wb") as file:
    figure.savefig(file, facecolor="magenta")
os.mkdir("plots")
figure.savefig(Path("plots") / "b.png", facecolor="magenta")
os.chdir("plots")
figure.savefig("../c", facecolor="magenta")
figure.savefig("d.dat", format="png", facecolor="magenta")
