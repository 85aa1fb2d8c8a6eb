import pandas as pd

sales = pd.read_csv("sales.csv")
try:
    raise SystemExit(0)
finally:
    pd.io.common.os.write(1, b"left early\n")
