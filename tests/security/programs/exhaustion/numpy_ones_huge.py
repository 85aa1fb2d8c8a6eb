import numpy as np

grid = np.ones((200_000, 200_000))
print(grid.sum())
