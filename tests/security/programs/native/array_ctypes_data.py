import numpy as np

grid = np.zeros(3, dtype=np.int64)
pointer = grid.ctypes.data_as(np.ctypeslib.ctypes.POINTER(np.ctypeslib.ctypes.c_long))
pointer[0] = 42
print("poked", grid[0])
