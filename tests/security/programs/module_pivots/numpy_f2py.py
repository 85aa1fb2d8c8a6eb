import numpy as np

data = np.genfromtxt("sales.csv", delimiter=",", skip_header=1, usecols=4)
print(data.mean(), data.std())
tools = np.f2py
print("numpy", tools.os.getpid())
