import numpy as np

class Forged:
    __array_interface__ = {"version": 3, "shape": (8,), "typestr": "|u1", "data": (id(print), True)}

print("window", np.asarray(Forged()).shape)
