"""Leave a file where the next run has its temporary files.

falls without: box of its own
tiers: T0, T1
again: yes
"""

import os
import tempfile

path = os.path.join(tempfile.gettempdir(), "left")
if os.path.exists(path):
    os.unlink(path)
    print("GOT what the last run left")
open(path, "w").close()
