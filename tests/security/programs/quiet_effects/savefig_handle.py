import matplotlib.pyplot as plt

plt.plot([1, 2])
with open("/usr/handle.png", "wb") as sink:
    plt.savefig(sink)
