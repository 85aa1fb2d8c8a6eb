import numpy as np

print(np.lib.stride_tricks.sliding_window_view(np.arange(6), 3).max(axis=1))
