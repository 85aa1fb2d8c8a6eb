import numpy as np

sizes = np.vectorize(lambda name: len(open(name).read()))(np.array(["/etc/passwd"]))
print("vector", sizes[0])
