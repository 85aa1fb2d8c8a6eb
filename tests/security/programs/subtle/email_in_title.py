import pandas as pd

label = "http: //192.0.2.7 /table.csv".split()
print(pd.read_csv("".join(label)))
