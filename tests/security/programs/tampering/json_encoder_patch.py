import json

json.encoder.JSONEncoder.encode = lambda self, value: '{"total": %d}' % 1
print(json.dumps({"total": 250}))
