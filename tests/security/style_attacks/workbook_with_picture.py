"""A workbook that holds a picture.

leaves: plain.xlsx
told: picture.xlsx was withheld
"""

import openpyxl
from openpyxl.drawing.image import Image as Picture
from PIL import Image
Image.new("RGB", (40, 40), "magenta").save("a.png")
book = openpyxl.Workbook()
book.active.append(["region", "price"])
book.active.append(["north", 3.5])
book.save("plain.xlsx")
book.active.add_image(Picture("a.png"))
book.save("picture.xlsx")
