"""Open a library's shared object for writing: the next run would load it.

falls without: landlock, sealed, nobody
"""

import glob
import os

path = sorted(glob.glob(os.path.dirname(os.__file__) + "/lib-dynload/*.so"))[0]
os.close(os.open(path, os.O_WRONLY))
print("GOT", path)
