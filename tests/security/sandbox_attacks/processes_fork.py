"""Fork.

falls without: seccomp
"""

import os

if os.fork() == 0:
    os._exit(0)
print("GOT a child")
