import pandas as pd

class Cache:
    def __reduce__(self):
        return (len, (dir(pd),))

pd.to_pickle(Cache(), "cache.pkl")
print("from pickle", pd.read_pickle("cache.pkl"))
