"""See that a process of the host exists.

falls without: pidns
tiers: T1
"""

import os

os.getpgid(int("@VICTIM@"))
print("GOT another process")
