import pandas as pd

place = "http;,,192.0.2.7,copy.csv"
print(pd.read_csv(place.replace(";", ":").replace(",", "/")))
