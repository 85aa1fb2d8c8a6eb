"""Learn whether a file exists on the host, and how large it is.

falls without: root
tiers: T1
"""

import os

print("GOT", os.stat("@SECRET@").st_size)
