import pandas as pd
import statsmodels.api as sm

sales = pd.read_csv("sales.csv")
model = sm.OLS(sales.price, sm.add_constant(sales.quantity)).fit()
print(model.params.round(3).to_dict())
print("release", sm.tools.sm_exceptions.warnings.sys.version)
