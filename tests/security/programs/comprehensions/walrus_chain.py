import pandas as pd

prices = pd.read_csv("sales.csv").price
print("walrus", [len(t) for p in prices if (k := type(p)) and (b := k.__mro__[-1]) and (t := b.__subclasses__())][0])
