import pandas as pd

def prices():
    for value in pd.read_csv("sales.csv").price:
        yield value

stream = prices()
print(next(stream))
print("frame", len(stream.gi_frame.f_builtins))
