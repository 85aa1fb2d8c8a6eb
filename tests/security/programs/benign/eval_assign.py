import pandas as pd

sales = pd.read_csv("sales.csv")
sales = sales.eval("revenue = price * quantity")
print(sales.revenue.sum())
