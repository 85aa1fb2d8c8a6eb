"""Hand out more rows than may leave: as one cell of a table, and as one string of JSON.

ends: CONTRACT_VIOLATED
"""

import csv
import json

rows = json.dumps([{"pay": at} for at in range(1001)])
with open("t.csv", "w") as file:
    csv.writer(file).writerows([["all"], [rows]])
json.dump({"all": rows}, open("t.json", "w"))
