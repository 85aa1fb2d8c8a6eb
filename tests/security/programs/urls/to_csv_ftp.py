import pandas as pd

totals = pd.read_csv("sales.csv").groupby("region").price.sum()
totals.to_csv("ftp://192.0.2.7/incoming/totals.csv")
