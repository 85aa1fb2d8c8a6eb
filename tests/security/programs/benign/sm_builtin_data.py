import statsmodels.api as sm

print(sm.datasets.sunspots.load_pandas().data.describe())
