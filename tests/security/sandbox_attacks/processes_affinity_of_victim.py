"""Pin another process to one processor.

falls without: seccomp, pidns
"""

import os

os.sched_setaffinity(int("@VICTIM@"), os.sched_getaffinity(0))
print("GOT the processors of another process")
