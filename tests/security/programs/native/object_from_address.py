import numpy as np

labels = [1, 2]
view = np.ndarray((1,), dtype=object, buffer=np.array([id(labels)]))
print("forged", view[0])
