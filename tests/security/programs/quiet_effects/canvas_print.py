import matplotlib.pyplot as plt

plt.plot([1, 2])
plt.gcf().canvas.print_figure("/usr/plot.png")
