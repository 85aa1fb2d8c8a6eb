import pandas as pd
import statsmodels.api as sm

sales = pd.read_csv("sales.csv")
fit = sm.OLS(sales.price, sm.add_constant(sales.quantity)).fit()
fit.save("/usr/share/model.bin")
