import pandas as pd

REGION = "north"
sales = pd.read_csv("sales.csv")
print(sales.query(f"region == '{REGION}'").price.mean())
