import pandas as pd

price = pd.read_csv("sales.csv").price
for label, method in {"lowest": "min", "highest": "max", "spread": "std"}.items():
    print(label, round(getattr(price, method)(), 2))
