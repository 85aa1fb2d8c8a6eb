import pandas as pd

sales = pd.read_csv("sales.csv")
column = sales.eval("@pd.Series(@pd.io.common.os.listdir('.'))")
print("numexpr", list(column))
