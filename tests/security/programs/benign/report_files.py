import pandas as pd

sales = pd.read_csv("sales.csv", parse_dates=["date"])
for quarter, part in sales.groupby(sales.date.dt.quarter):
    part.to_csv(f"quarter_{quarter}.csv", index=False)
print(sales.date.dt.quarter.nunique())
