import pandas as pd

sales = pd.read_csv("sales.csv", parse_dates=["date"])
name = "_".join(["sales", str(sales.date.max().date()), "v1"]) + ".csv"
sales.to_csv(name)
print(name)
