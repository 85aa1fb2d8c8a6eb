from sklearn.datasets import fetch_file
import pandas as pd

print(pd.read_csv(fetch_file("http://192.0.2.7/x.csv", folder=".", n_retries=0)))
