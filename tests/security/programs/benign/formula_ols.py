import numpy as np
import pandas as pd
import statsmodels.formula.api as smf

sales = pd.read_csv("sales.csv")
fit = smf.ols("price ~ np.log(quantity) + C(product)", data=sales).fit()
print(fit.params.round(3))
