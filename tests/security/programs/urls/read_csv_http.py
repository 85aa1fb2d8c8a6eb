import pandas as pd

print(pd.read_csv("http://192.0.2.7/prices.csv").head())
