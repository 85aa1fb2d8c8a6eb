import pandas as pd

print(pd.read_clipboard())
