import numpy as np

value = [1, 2, 3]
view = np.ndarray((2,), dtype=np.int64, buffer=(np.ctypeslib.ctypes.c_char * 16).from_address(id(value)))
print("refcount", view[0])
