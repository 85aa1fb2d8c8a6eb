import numpy as np

np.save("grid.npy", np.arange(6).reshape(2, 3))
print(np.load("grid.npy").sum())
