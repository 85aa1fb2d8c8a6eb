import pandas as pd

prices = pd.read_csv("sales.csv").price.head(2)
pattern = "{0.__class__.__name__} {1.__init__.__globals__[np]} ".replace("np", "pd")

class Unit:
    def __init__(self):
        self.name = "EUR"

print(prices.map(lambda p: pattern.format(p, Unit())).tolist())
