import pandas as pd

sales = pd.read_csv("sales.csv").rename(columns={"price": "unit price"})
print(len(sales.query("`unit price` >= 6 or quantity in [1, 2]")))
