import pandas as pd

print(list(pd.read_csv("sales.csv")))
raw = vars(type)
subs = raw["__subclasses__"]
print("type dict", len(subs(object)))
