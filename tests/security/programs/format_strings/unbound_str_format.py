import pandas as pd

def anchor():
    return None

render = str.format
jobs = [(render, "{.__globals__}", anchor)]
for call, *rest in jobs:
    print(call(*rest))
