"""Run a command in a shell and read what it says.

falls without: seccomp, landlock
tiers: T0, T1
"""

import os

print("GOT", os.popen("id").read() or 1 / 0)
