import pandas as pd

SOURCE = "https://example.org/sales"
print("Source:", SOURCE)
print(pd.read_csv("sales.csv").shape)
