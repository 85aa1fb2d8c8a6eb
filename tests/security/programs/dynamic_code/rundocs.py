import numpy as np

with open("notes.py", "w") as out:
    out.write('"""\n>>> print(__import__("os").getpid())\n0\n"""\n')
np.testing.rundocs("notes.py")
