import numpy as np

print(np.fromfile("/dev/urandom", dtype=np.uint8, count=8))
