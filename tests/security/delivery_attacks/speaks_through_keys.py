"""Have the violation itself tell a value: as a key of JSON, a header, and in what a traceback says.

ends: CONTRACT_VIOLATED
"""

import json

import pandas as pd

values = list(pd.read_csv("staff.csv").email)
json.dump({value: [{"x": value}, {"x": 1}] for value in values}, open("result.json", "w"))
pd.DataFrame({value: [1] for value in values}).to_csv("t.csv", index=False)
raise KeyError(values[0])
