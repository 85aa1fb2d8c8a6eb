import numpy as np
import pandas as pd

hours = pd.date_range("2026-01-01", "2026-12-31", freq="h")
series = pd.Series(np.sin(np.arange(len(hours)) / 24), index=hours)
print(series.resample("D").mean().head(2).round(3))
