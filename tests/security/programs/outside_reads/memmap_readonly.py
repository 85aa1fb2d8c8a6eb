import numpy as np

view = np.memmap("/etc/passwd", dtype="S1", mode="r")
print("mapped", view.size)
