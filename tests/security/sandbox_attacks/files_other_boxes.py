"""Read what lies in the directories of other runs.

falls without: landlock
tiers: T0, T1
"""

import os
import time

mine = os.path.dirname(os.environ["HOME"])
for _ in range(40):
    for name in os.listdir(os.path.dirname(mine)):
        other = os.path.join(os.path.dirname(mine), name)
        if name.startswith("placet-box-") and other != mine and os.path.isdir(other + "/work"):
            print("GOT", os.listdir(other + "/work"))
            raise SystemExit
    time.sleep(0.05)
