"""Leave a file where the next run works.

falls without: box of its own
tiers: T0, T1
again: yes
"""

import os

if os.path.exists("left"):
    os.unlink("left")
    print("GOT what the last run left")
open("left", "w").close()
