"""Run a command in a shell.

falls without: seccomp, landlock
tiers: T0, T1
"""

import os

os.system("echo GOT a shell")
