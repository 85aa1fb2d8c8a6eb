import pandas as pd

sales = pd.read_csv("sales.csv")
limit = 4.5
print(sales.query("price > @limit and product == 'tea'"))
