import pandas as pd

sales = pd.read_csv("sales.csv")
sales["share"] = sales.price / sales.groupby("region").price.transform("sum")
print(sales.groupby("region").share.agg(["sum", "count"]).apply("round", decimals=3))
