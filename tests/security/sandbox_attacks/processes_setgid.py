"""Join the group of root.

falls without: seccomp, nobody
tiers: T0, T1
"""

import os

os.setresgid(0, 0, 0)
print("GOT the group of root")
