"""List the home directories of the host.

falls without: landlock
tiers: T0, T1
"""

import os

print("GOT", os.listdir("/home"))
