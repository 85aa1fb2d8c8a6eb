"""Be root, or somebody that the sandbox does not give away.

falls without: nobody
tiers: T0, T1
"""

import os

if 0 in (*os.getresuid(), *os.getresgid(), *os.getgroups()):
    print("GOT something of root")
