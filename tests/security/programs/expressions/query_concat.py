import pandas as pd

sales = pd.read_csv("sales.csv")
pieces = ["price > 0 ", "and @pd.", "io.common", ".os.getp", "id() > 0"]
print("matched", len(sales.query("".join(pieces), engine="python")))
