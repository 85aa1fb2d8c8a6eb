"""Make shared memory that others can open by its name.

falls without: landlock
tiers: T0, T1
"""

import os

path = f"/dev/shm/attack-{os.getpid()}"
with open(path, "w"):
    os.unlink(path)
print("GOT shared memory")
