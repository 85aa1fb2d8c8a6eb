import numpy as np
import pandas as pd

def net(row, rate, floor=0.0):
    return max(row["price"] * (1 - rate), floor)

sales = pd.read_csv("sales.csv")
print(sales.apply(net, axis=1, args=(0.1,), floor=4.5).round(2).tolist())
print(sales.price.pipe(np.log).pipe(np.round, 2).head(2).tolist(), sales.price.map("{:.1f}".format).head(1).tolist())
