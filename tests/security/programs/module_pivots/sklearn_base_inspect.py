import pandas as pd
import sklearn.base
from sklearn.preprocessing import StandardScaler

sales = pd.read_csv("sales.csv")
scaled = StandardScaler().fit_transform(sales[["price"]])
print(scaled[:3].round(2).tolist())
print("outer", sklearn.base.inspect.stack()[0].filename)
