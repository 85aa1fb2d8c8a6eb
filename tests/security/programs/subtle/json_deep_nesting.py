import json

print(len(json.loads("[" * 100_000 + "]" * 100_000)))
