import pandas as pd

address = "".join(["ht", "tp", "://", "192.0.2.7", "/league.html"])
print(pd.read_html(address)[0])
