"""The renderer paints over everything that it is given.

leaves: a.png
"""

import matplotlib.pyplot as plt

from matplotlib.backends.backend_agg import RendererAgg
original = RendererAgg.draw_path
def draw_path(self, gc, path, transform, rgbFace=None):
    original(self, gc, path, transform, (1.0, 0.0, 1.0, 1.0))
RendererAgg.draw_path = draw_path
plt.bar(["a", "b"], [1, 2])
plt.savefig("a.png")
