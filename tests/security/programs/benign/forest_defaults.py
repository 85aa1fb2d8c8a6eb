from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier

data = load_wine(as_frame=True)
forest = RandomForestClassifier(n_estimators=100, random_state=0, n_jobs=1).fit(data.data, data.target)
print(sorted(zip(forest.feature_importances_.round(2), data.data.columns))[-2:])
