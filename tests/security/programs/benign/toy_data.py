from sklearn.datasets import load_iris, make_blobs
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score

X, y = load_iris(return_X_y=True)
print(cross_val_score(LogisticRegression(max_iter=500), X, y, cv=3).mean().round(2))
print(make_blobs(n_samples=10, random_state=0)[0].shape)
