"""Signal everybody.

falls without: seccomp, pidns
"""

import os

os.kill(-1, 0)
print("GOT a signal across")
