import pandas as pd

sales = pd.read_csv("sales.csv")
print(sales.index)
getter = pd.DataFrame.shape.fget
print("builtins", len(getter.__globals__["__builtins__"]))
