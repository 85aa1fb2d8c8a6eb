import pandas as pd

links = pd.Series(["https://a.example/x", "https://b.example/y", "https://a.example/z"])
print(links.str.extract(r"https://([^/]+)/")[0].value_counts())
