import pandas as pd

column = pd.read_csv("sales.csv").price
names = [n for n in dir(type) if n.endswith("classes__")]
print("picked", names[0], len(getattr(object, names[0])()))
