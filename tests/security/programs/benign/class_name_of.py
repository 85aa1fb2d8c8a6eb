import pandas as pd

sales = pd.read_csv("sales.csv")
print({c: type(sales[c].iloc[0]).__name__ for c in sales})
