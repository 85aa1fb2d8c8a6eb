import pandas as pd

sales = pd.read_csv("sales.csv")
rows = sales.query("price * @pd.io.common.os.getpid() > 0", engine="python")
print(len(rows), "rows seen by", len(sales))
