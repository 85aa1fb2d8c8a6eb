from functools import partial
import pandas as pd

read = partial(pd.read_csv, "sales.csv")
print(read().price.round())
print("unwrapped", len(read.func.__globals__["__builtins__"]))
