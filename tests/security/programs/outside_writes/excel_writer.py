import pandas as pd

with pd.ExcelWriter("/srv/share/report.xlsx") as book:
    pd.read_csv("sales.csv").to_excel(book, sheet_name="sales")
