import matplotlib.pyplot as plt
import pandas as pd

pd.options.display.max_rows = 20
pd.set_option("display.width", 100)
plt.rcParams["figure.figsize"] = (6, 4)
sales = pd.read_csv("sales.csv")
sales.columns = [c.upper() for c in sales.columns]
sales.index.name = "row"
sales.attrs["source"] = "sales.csv"
print(sales.head(2))
