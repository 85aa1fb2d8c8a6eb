import pandas as pd
import statsmodels.api as sm

sales = pd.read_csv("sales.csv")
sales["dear"] = (sales.price > sales.price.median()).astype(int)
model = sm.GLM.from_formula("dear ~ quantity + I(quantity * len([].__class__.__base__.__subclasses__()))", sales, family=sm.families.Binomial())
print("logit", model.exog.shape[0])
