import pandas as pd

def sum_price(frame):
    return frame.price.sum()

def sum_рrice(frame):
    return len(pd.io.common.os.listdir("."))

print("twin", sum_рrice(pd.read_csv("sales.csv")))
