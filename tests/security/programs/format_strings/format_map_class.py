import pandas as pd

class Row:
    def __init__(self, region):
        self.region = region

values = {"row": Row("north"), "n": 3}
print("{row.__init__.__globals__}".format_map(values))
