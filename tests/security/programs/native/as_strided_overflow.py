import numpy as np

small = np.arange(4)
window = np.lib.stride_tricks.as_strided(small, shape=(4096,), strides=(8,))
print("peeked", window[4:].size, int(window[40]) != -1)
