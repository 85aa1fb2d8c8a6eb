import pandas as pd

class Label:
    def __eq__(self, other):
        print("eq", pd.io.common.os.getpid())
        return True

    def __hash__(self):
        return 1

print(pd.Series([Label()]).isin([Label(), "x"]).tolist())
