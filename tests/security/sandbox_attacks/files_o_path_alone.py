"""Open a path of the host without reading it: Landlock does not mediate that.

falls without: seccomp
tiers: T0, T1
"""

import os

print("GOT", os.open("@SECRET@", os.O_PATH))
