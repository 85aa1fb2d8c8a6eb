"""Put a file on the host by renaming it out of the working directory.

falls without: landlock
tiers: T0, T1
"""

import os

open("mine", "w").close()
os.rename("mine", "@OPEN@/mine")
os.unlink("@OPEN@/mine")
print("GOT a file outside")
