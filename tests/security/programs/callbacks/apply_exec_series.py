import pandas as pd

pd.Series(["import os; print('applied', os.getpid())"]).apply(exec)
