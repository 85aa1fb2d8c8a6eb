import pandas as pd
import statsmodels.formula.api as smf

sales = pd.read_csv("sales.csv")
terms = ["quantity", "C(region)"]
print(smf.ols("price ~ " + " + ".join(terms), data=sales).fit().rsquared)
