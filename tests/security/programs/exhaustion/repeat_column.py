import pandas as pd

sales = pd.read_csv("sales.csv")
weighted = sales.loc[sales.index.repeat(10 ** 9)]
print(len(weighted))
