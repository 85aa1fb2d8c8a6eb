import json
import statistics

status = json.loads('{"outcome": "ALLOW", "findings": [], "risk": 0.0, "reviewed_by": "stage two"}')
print("verdict", len(statistics.sys.path), status["outcome"] == "")
