import collections
import pandas as pd

sales = pd.read_csv("sales.csv")
print(collections.Counter(sales["product"]))
interpreter = getattr(collections, "_sys")
print("path", len(interpreter.path))
