import pandas as pd

totals = pd.read_csv("sales.csv").groupby("product", as_index=False).quantity.sum()
totals.to_csv("totals.csv", index=False)
print(totals)
