import pandas as pd

LABEL = "average price per region and product, all customers, all months, in euro, rounded to two decimals"  # noqa: E501
print(LABEL, pd.read_csv("sales.csv").price.mean())
