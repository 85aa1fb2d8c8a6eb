import numpy as np

steps = np.random.default_rng(2).choice([-1, 1], size=(10_000, 200))
print(np.abs(steps.cumsum(axis=1)).max(axis=1).mean().round(1))
