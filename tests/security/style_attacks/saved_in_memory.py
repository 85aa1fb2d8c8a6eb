"""A figure saved to memory first, with its colours, then written and written again in others.

leaves: a.png
told: b.png was withheld
"""

import matplotlib.pyplot as plt

import io
from PIL import Image
figure, axes = plt.subplots(facecolor="magenta")
axes.plot([1, 2, 3])
held = io.BytesIO()
figure.savefig(held, facecolor="magenta")
open("a.png", "wb").write(held.getvalue())
Image.open("a.png").convert("L").save("b.png")
