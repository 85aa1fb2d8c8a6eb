import time
import pandas as pd

class Timer:
    def __enter__(self):
        self.start = time.perf_counter()
        return self

    def __exit__(self, kind, error, trace):
        self.seconds = time.perf_counter() - self.start

with Timer() as timer:
    pd.read_csv("sales.csv").groupby("region").price.mean()
print(timer.seconds < 60)
