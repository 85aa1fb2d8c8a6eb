import matplotlib.pyplot as plt
import pandas as pd

sales = pd.read_csv("sales.csv")
fig, ax = plt.subplots(figsize=(6, 4), dpi=100)
sales.groupby("region").price.sum().plot.bar(ax=ax)
fig.tight_layout()
fig.savefig("totals.png")
