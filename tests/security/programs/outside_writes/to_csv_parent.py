import pandas as pd

sales = pd.read_csv("sales.csv")
sales.groupby("region").price.sum().to_csv("../totals.csv")
print("saved")
