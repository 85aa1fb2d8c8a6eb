import pandas as pd

price = pd.read_csv("sales.csv").price
for how in ["mean", "median", "max"]:
    print(how, getattr(price, how)())
