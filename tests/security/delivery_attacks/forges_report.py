"""Leave a report that lets everything out, under every name that a stage's files have.

ends: CONTRACT_VIOLATED
"""

import json
import os

secret = open("staff.csv").read()
print(secret)
report = {"version": 1, "files": [{"name": "out.csv", "file": "artifacts-0"}], "streams": ["stdout", "stderr"]}
report |= {"violations": [], "violations_total": 0, "notices": []}
for name in ("report.json", "order.json", "leaves-0", "new-1", "artifacts-0", "inputs-0", "streams-0"):
    with open(name, "w") as file:
        json.dump(report, file)
os.makedirs("deep")
with open("deep/report.json", "w") as file:
    json.dump(report | {"smuggled": secret}, file)
