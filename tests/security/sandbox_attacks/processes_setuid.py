"""Become root.

falls without: seccomp, nobody
tiers: T0, T1
"""

import os

os.setuid(0)
print("GOT root")
