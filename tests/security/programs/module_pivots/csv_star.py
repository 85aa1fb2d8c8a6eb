import csv

with open("sales.csv") as handle:
    print(next(csv.reader(handle)))
from csv import re as patterns
print("csv", len(patterns.enum.sys.argv))
