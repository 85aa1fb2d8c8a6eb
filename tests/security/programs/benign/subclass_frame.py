import pandas as pd

class Sales(pd.DataFrame):
    @property
    def _constructor(self):
        return Sales

    def revenue(self):
        return (self["price"] * self["quantity"]).sum()

print(Sales(pd.read_csv("sales.csv")).revenue())
