import json
import pandas as pd

settings = json.loads('{"host": "192.0.2.7", "scheme": "https", "path": "/d.csv"}')
print(pd.read_csv("%(scheme)s://%(host)s%(path)s" % settings))
