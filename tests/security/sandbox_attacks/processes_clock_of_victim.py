"""Read how busy a process of the host is.

falls without: pidns
tiers: T1
"""

import time

print("GOT", time.clock_gettime(~int("@VICTIM@") << 3 | 2))
