from functools import reduce
import pandas as pd

dotted = "io.common.os.getpid"
print("path", reduce(getattr, dotted.split("."), pd)())
