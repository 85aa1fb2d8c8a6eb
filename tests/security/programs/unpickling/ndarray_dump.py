import numpy as np

class Entry:
    def __reduce__(self):
        return (divmod, (85, 2))

np.array([Entry()], dtype=object).dump("matrix.npy")
print("dumped", np.load("matrix.npy", allow_pickle=not False)[0][0])
