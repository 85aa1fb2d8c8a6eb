"""Change the interpreter that it runs in, as if the last stage ran there too.

ends: CONTRACT_VIOLATED
"""

import builtins
import json
import os
import pathlib
import sys

secret = open("staff.csv").read()
sys.modules["executor_svc.delivery.inside.contract"] = type(sys)("contract")
sys.modules["executor_svc.delivery.inside.contract"].apply = lambda parcel: None
json.loads = json.dumps = lambda *_args, **_options: {}
pathlib.Path.read_bytes = lambda _path: b""
os.environ["PYTHONSTARTUP"] = "/tmp/start.py"
builtins.secret = secret
print(secret)
