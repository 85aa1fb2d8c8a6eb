"""Make a pipe that holds a MiB.

falls without: seccomp
"""

import fcntl
import os

reading, _ = os.pipe()
fcntl.fcntl(reading, fcntl.F_SETPIPE_SZ, 1 << 20)
print("GOT a large pipe")
