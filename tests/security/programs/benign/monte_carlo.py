import numpy as np

rng = np.random.default_rng(1)
points = rng.random((1_000_000, 2))
print(round(4 * (np.hypot(*points.T) <= 1).mean(), 2))
