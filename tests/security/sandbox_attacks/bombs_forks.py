"""Fork until there are 120 processes.

falls without: seccomp, limit on threads, control group
tiers: T1, T0
"""

import os
import time

for _ in range(120):
    if os.fork() == 0:
        time.sleep(2)
        os._exit(0)
print("GOT 120 processes")
