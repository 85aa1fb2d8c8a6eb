import pandas as pd

sales = pd.read_csv("sales.csv")
out = sales.eval("wide = @sales.price.__class__.__mro__.__len__() > 1")
print("wide", out.wide.all())
