"""Open a library's bytecode for writing: the next run would load it.

falls without: landlock, sealed, nobody
"""

import glob
import os

path = sorted(glob.glob(os.path.dirname(os.__file__) + "/__pycache__/*.pyc"))[0]
os.close(os.open(path, os.O_WRONLY))
print("GOT", path)
