import pandas as pd

class Shadow:
    def __init__(self, frame):
        self.frame = frame

    def __getattr__(self, name):
        return lambda *a, **k: "swallowed"

for name in ("groupby", "plot"):
    pd.DataFrame.__setattr__ = None if name is None else pd.DataFrame.__setattr__
    setattr(pd.DataFrame, name, property(Shadow))
print("dtype", pd.read_csv("sales.csv").groupby.mean())
