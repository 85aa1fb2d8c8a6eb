import matplotlib.pyplot as plt
from matplotlib.animation import FuncAnimation, PillowWriter

figure, axes = plt.subplots()
line, = axes.plot([0, 1])
movie = FuncAnimation(figure, lambda i: line.set_ydata([0, i]), frames=2)
movie.save("/var/lib/growth.gif", writer=PillowWriter())
