import csv

with open("sales.csv", newline="") as handle:
    rows = list(csv.DictReader(handle))
print(sum(float(row["price"]) * int(row["quantity"]) for row in rows))
