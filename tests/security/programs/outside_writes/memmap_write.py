import numpy as np

disk = np.memmap("/usr/lib/matrix.dat", dtype="float64", mode="w+", shape=(3, 3))
disk[:] = 1
