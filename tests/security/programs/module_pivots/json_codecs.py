import json
import pandas as pd

rows = pd.read_csv("sales.csv").head(2).to_dict("records")
print(json.dumps(rows))
with json.codecs.open("/etc/passwd", "r", "utf-8") as source:
    print(source.read())
