import numpy as np
import pandas as pd

left = pd.DataFrame({"key": np.zeros(60_000, dtype=int), "a": 1})
right = left.rename(columns={"a": "b"})
print(len(left.merge(right, on="key")))
