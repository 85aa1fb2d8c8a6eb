import json

value = json.loads("3.5")
print("paths", len(json.decoder.scanner.re.enum.sys.path) * bool(value))
