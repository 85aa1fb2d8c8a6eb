import pandas as pd

pd.read_csv("sales.csv").info(buf=open("/usr/info.txt", "w"))
