import pandas as pd

sales = pd.read_csv("sales.csv")
print(sales.price.mean())
space = pd.read_csv.__globals__
print("names", len(space))
