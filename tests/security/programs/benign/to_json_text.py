import json
import pandas as pd

result = pd.read_csv("sales.csv").groupby("region").price.mean().to_dict()
with open("result.json", "w") as out:
    json.dump(result, out, indent=2)
print(json.dumps(result))
