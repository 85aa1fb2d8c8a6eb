import numpy as np

class Blob:
    def __reduce__(self):
        return (ord, ("*",))

np.save("blob.npy", np.array([Blob()], dtype=object))
from numpy import load as reader
print("mat", reader(file="blob.npy", mmap_mode=None, allow_pickle=1)[0])
