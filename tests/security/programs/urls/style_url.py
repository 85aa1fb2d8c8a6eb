import matplotlib.pyplot as plt

with plt.style.context("http://192.0.2.7/house.mplstyle"):
    plt.plot([1, 2])
