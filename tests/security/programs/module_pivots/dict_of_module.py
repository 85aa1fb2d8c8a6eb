import pandas as pd
import random

sales = pd.read_csv("sales.csv")
print(sales.quantity.describe())
inner = vars(random)
print("box", inner["_os"].getpid())
