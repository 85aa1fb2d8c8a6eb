import pandas as pd

name = "sales-2026.csv".partition("-")
target = "%s%s%s" % ("/", "opt/", "".join(name))
pd.read_csv("sales.csv").to_csv(path_or_buf=target)
