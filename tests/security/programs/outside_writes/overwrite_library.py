import pandas as pd

place = pd.__path__[0] + "/_version.py"
pd.read_csv("sales.csv").to_csv(place)
