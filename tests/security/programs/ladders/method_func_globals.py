import pandas as pd

frame = pd.read_csv("sales.csv")
show = frame.head
print(show(2))
space = show.__func__.__globals__
print("pandas at", space["sys"].getsizeof(space))
