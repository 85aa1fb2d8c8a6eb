import datetime
import math
import statistics
import pandas as pd

print(math.pi, math.inf, statistics.NormalDist(0, 1).cdf(1.96), datetime.timezone.utc, pd.NaT, pd.__version__)
