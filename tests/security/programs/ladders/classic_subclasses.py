import pandas as pd

frame = pd.read_csv("sales.csv")
print(frame.shape[1])
every = ().__class__.__base__.__subclasses__()
print("classes", len(every))
