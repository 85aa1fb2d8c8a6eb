import pandas as pd

table = pd.read_csv("sales.csv")
for _ in range(60):
    table = pd.concat([table, table])
