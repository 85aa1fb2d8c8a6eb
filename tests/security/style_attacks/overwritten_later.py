"""A figure that is saved, and then replaced under its name.

leaves: a.png
"""

import matplotlib.pyplot as plt

from PIL import Image
plt.plot([1, 2, 3])
plt.savefig("a.png")
Image.new("RGB", (1008, 634), "magenta").save("a.png")
