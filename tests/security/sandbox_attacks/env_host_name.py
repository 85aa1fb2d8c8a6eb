"""Learn which host this is by its name.

falls without: utsns
tiers: T1
"""

import os

if os.uname().nodename == "@HOST@":
    print("GOT", os.uname())
