import matplotlib.pyplot as plt
from operator import methodcaller

figure, axes = plt.subplots()
axes.plot([1, 2, 3])
methodcaller("savefig", "/etc/motd.svg")(figure)
