from collections import deque
import pandas as pd

def windows(values, size):
    kept = deque(maxlen=size)
    for value in values:
        kept.append(value)
        if len(kept) == size:
            yield sum(kept) / size

print([round(v, 2) for v in windows(pd.read_csv("sales.csv").price, 3)])
