from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier, export_graphviz

X, y = load_iris(return_X_y=True)
export_graphviz(DecisionTreeClassifier(max_depth=1).fit(X, y), out_file="/usr/tree.dot")
