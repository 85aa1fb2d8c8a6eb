from functools import reduce
import pandas as pd

sales = pd.read_csv("sales.csv")
tables = [sales.groupby("region")[c].sum().reset_index() for c in ("price", "quantity")]
print(reduce(lambda a, b: a.merge(b, on="region"), tables))
