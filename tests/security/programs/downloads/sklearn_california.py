from sklearn import datasets

houses = datasets.fetch_california_housing(as_frame=True, n_retries=1, delay=0.1)
print(houses.frame.describe())
