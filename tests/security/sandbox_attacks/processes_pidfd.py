"""Hold another process by a descriptor.

falls without: seccomp, pidns
"""

import os

os.pidfd_open(int("@VICTIM@"))
print("GOT a process by a descriptor")
