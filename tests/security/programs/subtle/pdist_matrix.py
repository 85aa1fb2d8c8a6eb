import numpy as np
from scipy.spatial.distance import pdist

points = np.random.rand(300_000, 2)
print(pdist(points).mean())
