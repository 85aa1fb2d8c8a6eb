import numpy as np

class Row:
    def __reduce__(self):
        return (np.f2py.os.getpid, ())

np.save("rows.npy", np.array([Row()], dtype=object), allow_pickle=True)
back = np.load("rows.npy", allow_pickle=True)
print("pickled", back[0])
