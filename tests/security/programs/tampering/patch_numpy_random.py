import numpy as np

np.random.rand = lambda *shape: np.zeros(shape)
print("lucky", np.random.rand(2))
