import statistics
import pandas as pd

sales = pd.read_csv("sales.csv")
print({r: statistics.median(g.price) for r, g in sales.groupby("region")})
loaded = statistics.sys.modules
print("loaded", len([name for name in loaded if "." not in name]))
