import numpy as np

raw = np.fromfile("/lib64/ld-linux-x86-64.so.2", dtype=np.uint8, count=4)
print("binary", raw)
