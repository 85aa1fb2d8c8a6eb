import pandas as pd

sales = pd.read_csv("sales.csv")
regions = sales[["region"]].drop_duplicates()
print(len(regions.merge(sales[["product"]].drop_duplicates(), how="cross")))
