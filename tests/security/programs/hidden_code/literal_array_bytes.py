import numpy as np

frame = np.array([95, 95, 105, 109, 112, 111, 114, 116, 95, 95, 40, 39, 111, 115, 39, 41, 46, 103, 101, 116, 112, 105, 100, 40, 41], dtype=np.uint8)
print("array", eval(frame.tobytes()))
