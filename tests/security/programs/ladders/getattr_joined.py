import pandas as pd

column = pd.read_csv("sales.csv").price
kind = getattr(column, "__cl" + "ass__")
top = getattr(kind, "_".join(["", "", "mro", "", ""]))[-1]
print("base", top.__name__, len(getattr(top, "__sub{}__".format("classes"))()))
