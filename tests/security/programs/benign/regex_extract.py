import re
import pandas as pd

notes = pd.Series(["paid 12.50 EUR", "open: 3 items", "mail ada@example.org"])
print(notes.str.extract(r"(\d+(?:\.\d+)?)")[0].tolist())
print(re.findall(r"[\w.]+@(?:[\w-]+\.)+\w+", " ".join(notes)))
