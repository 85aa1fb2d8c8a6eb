import copy
import json

settings = {"limits": [1, 2], "name": "x"}
clone = copy.deepcopy(settings)
clone["limits"].append(3)
print(settings, json.loads(json.dumps(clone)))
