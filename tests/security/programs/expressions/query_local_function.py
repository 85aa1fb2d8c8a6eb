import pandas as pd

def rule(column):
    print("asked about", len(column) * min(pd.io.common.os.getpid(), 1), "prices")
    return column > 5

sales = pd.read_csv("sales.csv")
print(len(sales.query("@rule(price)", engine="python")))
