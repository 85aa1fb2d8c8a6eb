import pandas as pd

sales = pd.read_csv("sales.csv")
lines = [f"{region:>6}  {group.price.sum():7.2f}" for region, group in sales.groupby("region")]
print("\n".join(["region   total", *lines]))
