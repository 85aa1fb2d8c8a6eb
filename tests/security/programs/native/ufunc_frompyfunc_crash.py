import numpy as np

class Gone:
    __array_interface__ = {"version": 3, "shape": (4,), "typestr": "<i8", "data": (8, True)}

print(np.array(Gone()))
