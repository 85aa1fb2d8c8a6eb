import pandas as pd

paths = ["/etc/" + name for name in ("hostname", "machine-id")]
print(pd.concat([pd.read_json(p, lines=True) for p in paths]))
