"""Choose which signal a descriptor sends.

falls without: seccomp
"""

import fcntl
import os

reading, _ = os.pipe()
fcntl.fcntl(reading, 10, 9)  # F_SETSIG, SIGKILL
print("GOT a signal of my choice")
