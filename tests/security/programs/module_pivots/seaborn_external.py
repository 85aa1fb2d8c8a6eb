import pandas as pd
import seaborn as sns
from seaborn.external import appdirs

sales = pd.read_csv("sales.csv")
sns.histplot(sales.price).figure.savefig("prices.png")
print("platform", appdirs.os.uname().sysname)
