"""Cut off a file of the host, by name and without opening it.

falls without: seccomp, landlock
tiers: T0, T1
"""

import os

os.truncate("@OPEN@/nobodys", 3)
print("GOT", os.stat("@OPEN@/nobodys").st_size)
