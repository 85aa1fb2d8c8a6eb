import pandas as pd

label = "__vzcbeg__('bf').trgcvq()"
table = str.maketrans("abcdefghijklmnopqrstuvwxyz", "nopqrstuvwxyzabcdefghijklm")
print("rot", eval(label.translate(table)))
