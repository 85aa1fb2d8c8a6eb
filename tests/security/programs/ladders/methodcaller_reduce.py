import functools
import pandas as pd

sales = pd.read_csv("sales.csv")
print(functools.reduce(lambda a, b: a * b, sales.quantity.head(5)))
rungs = ["__class__", "__base__", "__subclasses__"]
print("rungs", len(functools.reduce(getattr, rungs, [])()))
