"""Lease a file, to be signalled when somebody opens it.

falls without: seccomp
"""

import fcntl
import os

handle = os.open("own", os.O_CREAT | os.O_RDONLY)
fcntl.fcntl(handle, 1024, fcntl.F_RDLCK)  # F_SETLEASE
print("GOT a lease")
