"""Signal a process of the host that is the same user's.

falls without: seccomp, pidns, landlock
"""

import os

os.kill(int("@VICTIM@"), 0)
print("GOT a signal across")
