"""Where the description should be there is a directory.

leaves: nothing
told: withheld
"""

import os
import matplotlib.pyplot as plt

os.mkdir(".placet-figures.jsonl")
plt.figure(facecolor="magenta")
plt.plot([1, 2, 3])
plt.savefig("a.png", facecolor="magenta")
