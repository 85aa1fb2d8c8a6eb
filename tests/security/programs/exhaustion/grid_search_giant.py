import numpy as np
from sklearn.model_selection import GridSearchCV
from sklearn.svm import SVC

X = np.random.rand(200, 4)
y = (X[:, 0] > 0.5).astype(int)
space = {"C": np.linspace(0.1, 9, 1000), "gamma": np.linspace(0.1, 9, 1000)}
print(GridSearchCV(SVC(), space, cv=10).fit(X, y).best_params_)
