import pandas as pd

FILE = "sales.csv"

def load(path):
    return pd.read_csv(path, parse_dates=["date"])

print(load(FILE).dtypes)
