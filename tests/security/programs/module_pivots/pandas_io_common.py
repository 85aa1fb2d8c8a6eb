import pandas as pd

frame = pd.read_csv("sales.csv")
size = pd.io.common.os.stat("sales.csv").st_size
print("rows", len(frame))
print("bytes", size)
