import matplotlib
import matplotlib.pyplot as plt
import pandas as pd

sales = pd.read_csv("sales.csv")
ax = sales.groupby("region").price.sum().plot.bar()
ax.figure.savefig("revenue.png")
where = matplotlib.os.getcwd()
print("home", where)
