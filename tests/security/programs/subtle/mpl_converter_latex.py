import matplotlib.pyplot as plt

plt.rcParams["text.usetex"] = True
plt.title(r"$\sum x$")
plt.savefig("formula.png")
