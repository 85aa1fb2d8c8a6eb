import pandas as pd

class Tame(pd.DataFrame):
    def describe(self, *a, **k):
        return "nothing to see"

frame = pd.read_csv("sales.csv")
frame.__class__ = Tame
print("swapped", frame.describe().split()[0])
