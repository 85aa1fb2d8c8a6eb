import matplotlib.pyplot as plt
from matplotlib.animation import FuncAnimation

figure, axes = plt.subplots()
line, = axes.plot([0, 1])
print(FuncAnimation(figure, lambda i: line.set_ydata([0, i]), frames=2).to_html5_video())
