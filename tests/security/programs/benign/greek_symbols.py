import numpy as np

μ, σ = 10.0, 2.0
print(np.random.default_rng(3).normal(μ, σ, 5).round(1))
