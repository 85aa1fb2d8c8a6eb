import pandas as pd

class Table(pd.DataFrame):
    def spread(self):
        kind = super().__thisclass__
        return kind.__mro__[-1].__subclasses__()

print("super", len(Table(pd.read_csv("sales.csv")).spread()))
