"""Put a file on the host by a hard link to one in the working directory.

falls without: seccomp, landlock
tiers: T0, T1
"""

import os

open("mine", "w").close()
os.link("mine", "@OPEN@/mine")
os.unlink("@OPEN@/mine")
print("GOT a file outside")
