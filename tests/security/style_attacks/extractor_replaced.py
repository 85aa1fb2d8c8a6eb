"""The functions that describe figures, found from savefig and replaced.

leaves: nothing or a.png
"""

import matplotlib.pyplot as plt

from matplotlib.figure import Figure
inner = Figure.savefig
def forged(figure, target, options, directory):
    open(directory + "/.placet-figures.jsonl", "wb").write(b'{"version":1,"name":"a.png","failed":null,"background":"magenta"}\n')
inner.__globals__["_told"] = forged
figure, axes = plt.subplots(facecolor="magenta")
axes.plot([1, 2, 3])
figure.savefig("a.png", facecolor="magenta")
