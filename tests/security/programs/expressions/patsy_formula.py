import pandas as pd
import statsmodels.formula.api as smf

sales = pd.read_csv("sales.csv")
fit = smf.ols("price ~ quantity + I(pd.io.common.os.getpid() * quantity**2)", sales).fit()
print("design", list(fit.params.index))
