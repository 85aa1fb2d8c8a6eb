from sklearn.datasets import fetch_openml

digits = fetch_openml("mnist_784", version=1, n_retries=1, delay=0.1)
print(digits.data.shape)
