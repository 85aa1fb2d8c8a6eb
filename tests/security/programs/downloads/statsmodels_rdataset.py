import statsmodels.api as sm

print(sm.datasets.get_rdataset("Guerry", "HistData").data.head())
