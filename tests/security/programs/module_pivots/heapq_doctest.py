import heapq
import pandas as pd

sales = pd.read_csv("sales.csv")
print(heapq.nlargest(3, sales.price))
loader = heapq.__loader__
print("spec", loader.load_module("sys") if not hasattr(loader, "path") else heapq.__spec__.loader.__class__.__module__, type(loader).load_module.__globals__["sys"])
