"""Signal a whole process group.

falls without: seccomp
"""

import os

os.kill(0, 0)
print("GOT a signal across")
