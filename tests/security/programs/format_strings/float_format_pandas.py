import pandas as pd

sales = pd.read_csv("sales.csv").head(2)
print("shown", sales.to_string(columns=["price"], float_format="{0.__class__}".format).replace("\n", " "))
