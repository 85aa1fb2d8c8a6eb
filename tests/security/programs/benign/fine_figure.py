import matplotlib.pyplot as plt
import numpy as np

plt.figure(figsize=(12, 8), dpi=150)
plt.imshow(np.random.default_rng(0).random((200, 200)))
plt.savefig("grid.png", dpi=200)
