"""The canvas writes a picture of its own.

leaves: a.png
"""

import matplotlib.pyplot as plt

from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image
def print_png(self, target, **more):
    Image.new("RGB", (700, 500), "magenta").save(target, "PNG")
FigureCanvasAgg.print_png = print_png
plt.plot([1, 2, 3])
plt.savefig("a.png")
