"""Fork with a terminal of its own.

falls without: seccomp, landlock
tiers: T0, T1
"""

import os

if os.forkpty()[0] == 0:
    os._exit(0)
print("GOT a child at a terminal")
