import json

print(json.loads('{"limit": 3, "regions": ["north", "south"]}')["regions"])
