import pandas as pd

sales = pd.read_csv("sales.csv")
sales.eval("tax = @pd.read_csv.__globals__.__len__() + price", inplace=True, engine="python")
print("target", bool((sales.tax - sales.price).min() > 10))
