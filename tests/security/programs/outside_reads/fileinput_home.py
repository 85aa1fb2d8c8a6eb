import pandas as pd

print(pd.read_csv("~/.pgpass", sep=":", header=None))
