import contextlib
import pandas as pd

with contextlib.chdir("/etc"):
    print("shells", len(pd.read_csv("passwd", sep=":", header=None)))
