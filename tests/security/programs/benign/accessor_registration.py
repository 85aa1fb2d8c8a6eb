import pandas as pd

@pd.api.extensions.register_dataframe_accessor("money")
class Money:
    def __init__(self, frame):
        self.frame = frame

    def total(self):
        return (self.frame.price * self.frame.quantity).sum()

print(pd.read_csv("sales.csv").money.total())
