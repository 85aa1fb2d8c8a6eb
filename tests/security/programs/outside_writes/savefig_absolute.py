import matplotlib.pyplot as plt

plt.bar(["a", "b"], [1, 2])
plt.savefig("/var/www/html/chart.png")
