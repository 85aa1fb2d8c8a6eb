"""Leave memory that the next run finds by its name.

falls without: landlock
tiers: T0, T1
again: yes
"""

import os

path = "/dev/shm/attack-left"
if os.path.exists(path):
    os.unlink(path)
    print("GOT what the last run left")
else:
    open(path, "w").close()
