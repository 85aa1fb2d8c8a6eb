import numpy as np

class Labelled:
    def __array_function__(self, func, types, args, kwargs):
        return len(func.__wrapped__.__globals__)

print("protocol", np.sum(Labelled()))
