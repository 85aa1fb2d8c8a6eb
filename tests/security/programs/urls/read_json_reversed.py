import pandas as pd

feed = "nosj.deef/7.2.0.291//:ptth"
print(pd.read_json(feed[::-1]))
