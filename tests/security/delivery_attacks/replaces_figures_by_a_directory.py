"""Make what tells of figures a directory, a link, and then a device that cannot be made.

scope: drawn
ends: EXITED or CONTRACT_VIOLATED
"""

import os

import matplotlib.pyplot as plt

os.makedirs(".placet-figures.jsonl/deep")
os.symlink("staff.csv", ".placet-figures.jsonl/link")
plt.plot([1, 2], [3, 4])
plt.savefig("own.png")
