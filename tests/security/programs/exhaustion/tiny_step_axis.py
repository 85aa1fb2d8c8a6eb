import pandas as pd

axis = pd.date_range("1700-01-01", "2200-01-01", freq="us")
print(len(axis))
