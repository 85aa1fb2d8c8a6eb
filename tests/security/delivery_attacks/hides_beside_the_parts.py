"""Keep a value in a workbook where none of its parts is: in the comment on a part, which no reader shows.

ends: CONTRACT_VIOLATED
"""

import zipfile

import openpyxl
import pandas as pd

value = pd.read_csv("staff.csv").email[0]
book = openpyxl.Workbook()
book.active["A1"] = 1
book.save("t.xlsx")
with zipfile.ZipFile("t.xlsx", "a") as archive:
    archive.infolist()[-1].comment = value.encode()
    archive._didModify = True
assert value.encode() in open("t.xlsx", "rb").read()
