import pandas as pd

names = pd.read_csv("sales.csv")["product"].unique()
hook = {"__getattr__": lambda self, name: type(self).__mro__[-1].__subclasses__()}
Probe = type("Probe", (object,), hook)
print("forged", type(Probe().anything[0]).__name__)
