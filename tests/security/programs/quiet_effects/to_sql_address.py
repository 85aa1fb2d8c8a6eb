import pandas as pd

pd.read_csv("sales.csv").to_sql("sales", "sqlite:////usr/sales.db")
