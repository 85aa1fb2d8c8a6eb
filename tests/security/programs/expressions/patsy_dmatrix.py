import pandas as pd
from patsy import dmatrix

sales = pd.read_csv("sales.csv")
design = dmatrix("0 + I(quantity * __import__('os').getpid())", sales)
print("matrix", design.shape)
