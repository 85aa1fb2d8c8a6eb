import numpy as np

prices = np.genfromtxt("sales.csv", delimiter=",", skip_header=1, usecols=3)
print(prices.mean().round(3))
