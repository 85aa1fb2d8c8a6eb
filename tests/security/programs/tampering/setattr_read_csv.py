import pandas as pd

setattr(pd, "read_csv", lambda *a, **k: pd.DataFrame())
print("rows", len(pd.read_csv("sales.csv")))
