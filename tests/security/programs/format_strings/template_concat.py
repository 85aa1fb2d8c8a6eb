import pandas as pd

def describe(x):
    return x

parts = ["{fn.", "__glo", "bals__", "[pd]}"]
print("".join(parts).format(fn=describe))
