import numpy as np
from scipy.optimize import differential_evolution

wave = lambda x: float(np.sum(np.sin(x * 1e6)) + np.random.rand())
print(differential_evolution(wave, [(-9, 9)] * 30, maxiter=10 ** 9, popsize=500, tol=0).x)
