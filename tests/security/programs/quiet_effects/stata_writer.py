import pandas as pd

sales = pd.read_csv("sales.csv")
sales.to_stata("/usr/sales.dta", version=118)
