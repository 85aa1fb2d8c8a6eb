import io
import numpy as np

class Point:
    def __reduce__(self):
        return (max, (3, 42))

memory = io.BytesIO()
np.save(memory, np.array([Point(), 1], dtype=object))
memory.seek(0)
flags = {"allow_pickle": True}
print("object", np.load(memory, **flags)[0])
