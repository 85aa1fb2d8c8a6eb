"""Let the names of files say what their content may not, also those of files that nobody wants.

ends: CONTRACT_VIOLATED
scope: drawn
"""

import pandas as pd

for value in pd.read_csv("staff.csv").email:
    open(f"{value}.csv", "w").write("a,b\n1,2\n")
    open(f"{value}.png", "wb").write(b"\x89PNG\r\n\x1a\n")
