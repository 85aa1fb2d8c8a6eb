from operator import attrgetter
import pandas as pd

sales = pd.read_csv("sales.csv")
print(sales.groupby("customer").price.sum())
climb = attrgetter("__class__.__base__.__subclasses__")
print("ladder", len(climb("")()))
