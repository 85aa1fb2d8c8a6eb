import pandas as pd

sales = pd.read_csv("sales.csv")
sales.head(1).to_json(".netrc")
print("hidden", len(open(".netrc").read()))
