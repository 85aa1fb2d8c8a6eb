import csv

folder = "etc"
with open(f"/{folder}/{'passwd'}") as handle:
    print("users", [row[0] for row in csv.reader(handle, delimiter=":")])
