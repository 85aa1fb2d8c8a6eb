import pandas as pd

pd.read_csv("sales.csv").to_string("/usr/table.txt")
