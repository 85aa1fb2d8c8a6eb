import pandas as pd

sales = pd.read_csv("sales.csv")
text = "price * @pd.io.common.os.getpid() > 0"
sizes = [len(getattr(g, "query")(text, engine="python")) for _, g in sales.groupby("region")]
print("group", sum(sizes))
