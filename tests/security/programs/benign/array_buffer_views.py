import numpy as np

raw = np.array([1.0, 2.0]).tobytes()
print(np.frombuffer(raw, dtype=np.float64), np.array([1, 256], dtype=np.int16).view(np.uint8))
