import pandas as pd

sales = pd.read_csv("sales.csv")
for name in ("price", "quantity"):
    print(name, getattr(sales, name).mean())
