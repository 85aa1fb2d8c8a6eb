import pandas as pd

first = lambda lib=pd: lib.io
second = lambda step=first: step().common
print("lambda", (lambda last=second: last().os.getpid())())
