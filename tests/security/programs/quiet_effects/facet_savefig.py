import pandas as pd
import seaborn as sns

grid = sns.relplot(pd.read_csv("sales.csv"), x="quantity", y="price", col="region", height=1)
grid.savefig("/var/facets.png")
