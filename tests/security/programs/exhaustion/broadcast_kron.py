from functools import reduce
import numpy as np

print(reduce(np.kron, [np.eye(64)] * 6).shape)
