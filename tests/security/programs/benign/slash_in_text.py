import pandas as pd

sales = pd.read_csv("sales.csv")
print("/".join(sales["product"].unique()))
print("price / quantity:", (sales.price / sales.quantity).round(2).tolist())
