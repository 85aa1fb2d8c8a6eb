import pandas as pd

sales = pd.read_csv("sales.csv")
try:
    sales.colour
except AttributeError as error:
    holder = error.obj
    kinds = [k for k in type(holder).mro()][-1].__subclasses__()
    print("obj", type(holder).__name__, len(kinds))
