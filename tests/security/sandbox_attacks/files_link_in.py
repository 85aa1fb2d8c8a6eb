"""Keep a file of the host by a hard link in the working directory.

falls without: seccomp, landlock
tiers: T0, T1
"""

import os

os.link("@OPEN@/ours", "kept")
print("GOT", open("kept").read())
