import matplotlib.pyplot as plt
import pandas as pd

for region, group in pd.read_csv("sales.csv").groupby("region"):
    group.plot.scatter("quantity", "price", title=region)
    plt.savefig(f"scatter_{region}.png")
    plt.close()
