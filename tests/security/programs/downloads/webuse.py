from statsmodels.datasets import webuse

print(webuse("auto").head())
