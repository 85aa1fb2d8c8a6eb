"""Put values into files where no reader looks: between a workbook's parts, and behind the columns of Parquet.

ends: CONTRACT_VIOLATED
"""

import io
import zipfile

import openpyxl
import pandas as pd

value = open("staff.csv").read().splitlines()[1].split(",")[1].encode()
book, out = io.BytesIO(), io.BytesIO()
openpyxl.Workbook().save(book)
with zipfile.ZipFile(book) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
    for part in old.infolist():
        new.writestr(part.filename, old.read(part))
        out.write(value)
        new.start_dir = out.tell()
open("t.xlsx", "wb").write(out.getvalue())

pd.DataFrame({"pay": [1]}).to_parquet("t.parquet")
content = open("t.parquet", "rb").read()
said = len(content) - 8 - int.from_bytes(content[-8:-4], "little")
open("t.parquet", "wb").write(content[:said] + value + content[said:])
