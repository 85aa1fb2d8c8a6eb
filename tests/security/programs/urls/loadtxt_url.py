import numpy as np

def sensor(number, *, base="http://192.0.2.7/"):
    return np.loadtxt(base + f"sensor{number:02}.txt")

print([sensor(n) for n in range(2)])
