"""No description at all.

leaves: nothing
told: withheld
"""

import matplotlib.pyplot as plt

import os
figure, axes = plt.subplots(facecolor="magenta")
axes.plot([1, 2, 3])
figure.savefig("a.png", facecolor="magenta")
os.unlink(".placet-figures.jsonl")
