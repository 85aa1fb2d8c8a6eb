import pandas as pd

sales = pd.read_csv("sales.csv")
rule = "quantity * @pd.io.common.os.getpid() > " + str(sales.quantity.min())
print("kept", len(sales.query(rule, engine="python")))
