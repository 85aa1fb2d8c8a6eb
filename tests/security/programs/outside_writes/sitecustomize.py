import numpy as np

target = np.__file__.replace("numpy/__init__.py", "sitecustomize.py")
with open(target, "w") as out:
    out.write("print('started')")
