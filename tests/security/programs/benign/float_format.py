import pandas as pd

print(pd.read_csv("sales.csv").head(3).to_string(float_format="{:.2f}".format))
