import pandas as pd

names = pd.Series(["/etc/passwd"])
tables = names.apply(pd.read_csv, sep=":", header=None)
print("applied", len(tables[0]))
