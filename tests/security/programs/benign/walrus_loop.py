import pandas as pd

names = pd.read_csv("sales.csv").customer
print([f"{name}:{size}" for name in names.unique() if (size := len(name)) > 3])
