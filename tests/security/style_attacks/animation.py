"""A moving picture.

leaves: nothing
told: withheld
"""

import matplotlib.pyplot as plt

from matplotlib.animation import FuncAnimation, PillowWriter
figure, axes = plt.subplots(facecolor="magenta")
line, = axes.plot([1, 2, 3])
FuncAnimation(figure, lambda n: line.set_ydata([1, n, 3]), frames=2).save("a.gif", writer=PillowWriter(), savefig_kwargs={"facecolor": "magenta"})
plt.close("all")
