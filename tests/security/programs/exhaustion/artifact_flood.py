import numpy as np

for i in range(200_000):
    np.savetxt(f"reading_{i}.txt", [i])
