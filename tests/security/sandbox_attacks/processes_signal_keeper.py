"""Signal the keeper, the first process of our pid namespace.

falls without: seccomp, landlock
tiers: T1
"""

import os

os.kill(1, 15)
print("GOT a signal across")
