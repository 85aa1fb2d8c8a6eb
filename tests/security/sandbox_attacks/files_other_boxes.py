"""Read what lies in the directories of other runs.

falls without: landlock
tiers: T0, T1
"""

import contextlib
import os
import time

mine = os.path.dirname(os.environ["HOME"])
for _ in range(40):
    for name in os.listdir(os.path.dirname(mine)):
        other = os.path.join(os.path.dirname(mine), name)
        if name.startswith("placet-box-") and other != mine:
            with contextlib.suppress(FileNotFoundError):  # its run has just ended, or it is not a run's
                print("GOT", os.listdir(other + "/work"))
                raise SystemExit
    time.sleep(0.05)
