"""Have the kernel signal another process whenever a pipe can be read.

falls without: seccomp, pidns
"""

import fcntl
import os

reading, _ = os.pipe()
fcntl.fcntl(reading, 8, int("@VICTIM@"))  # F_SETOWN
print("GOT another owner of the signals")
