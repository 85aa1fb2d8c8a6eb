import numpy as np
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 2))
y = (X[:, 0] > 0).astype(int)
model = make_pipeline(StandardScaler(), SVC())
print(GridSearchCV(model, {"svc__C": [0.1, 1, 10]}, cv=3).fit(X, y).best_params_)
