import pandas as pd

pd.read_csv("sales.csv").query("price > 5").pipe(pd.DataFrame.to_csv, "/srv/dear.csv".replace("srv", "usr"))
