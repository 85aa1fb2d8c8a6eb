import numpy as np
import pandas as pd

ids = pd.Series(np.arange(200_000))
print(pd.get_dummies(ids).shape)
