"""A wrapper around savefig that overwrites the file afterwards.

leaves: a.png
"""

import matplotlib.pyplot as plt

from matplotlib.figure import Figure
from PIL import Image
original = Figure.savefig
def savefig(self, name, **more):
    original(self, name, **more)
    Image.new("RGB", (700, 500), "magenta").save(name)
Figure.savefig = savefig
plt.plot([1, 2, 3])
plt.savefig("a.png")
