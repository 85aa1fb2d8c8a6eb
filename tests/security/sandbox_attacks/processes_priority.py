"""Take priority over others.

falls without: seccomp
"""

import os

os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
print("GOT another scheduler")
