"""Take a file of the host by renaming it into the working directory.

falls without: landlock
tiers: T0, T1
"""

import os

os.rename("@OPEN@/nobodys", "taken")
print("GOT", open("taken").read())
os.rename("taken", "@OPEN@/nobodys")
