"""Make a file in memory, outside of the run's disk.

falls without: seccomp
"""

import os

handle = os.memfd_create("mine")
print("GOT", os.write(handle, b"x"))
