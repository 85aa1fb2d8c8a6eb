import builtins
import pandas as pd

builtins.sum = lambda values, start=0: -len(list(values))
print("sum", sum(pd.read_csv("sales.csv").quantity))
