"""Keep values where no cell is: a sheet's title, a comment, and a formula that puts them together.

ends: CONTRACT_VIOLATED
"""

import openpyxl
import pandas as pd
from openpyxl.comments import Comment

value = pd.read_csv("staff.csv").email[0]
book = openpyxl.Workbook()
book.active.title = value.replace("@", " ")[:30]
book.active["A1"] = "=" + "&".join(f'"{letter}"' for letter in value)
book.active["B1"] = 1
book.active["B1"].comment = Comment(value, "a")
book.save("t.xlsx")
