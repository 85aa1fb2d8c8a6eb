import pandas as pd
from scipy import stats
import scipy.io._netcdf as reader

sales = pd.read_csv("sales.csv")
print(stats.pearsonr(sales.price, sales.quantity))
print("files", reader.np.lib._datasource.os.cpu_count())
