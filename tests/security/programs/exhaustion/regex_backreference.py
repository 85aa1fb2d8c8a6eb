import pandas as pd

notes = pd.Series(["x" * 40 + "!"])
print(notes.str.replace(r"(x|xx|xxx)*$", "y", regex=True))
