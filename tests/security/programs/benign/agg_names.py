import pandas as pd

sales = pd.read_csv("sales.csv")
print(sales.groupby("region").agg({"price": ["mean", "max"], "quantity": "sum"}))
