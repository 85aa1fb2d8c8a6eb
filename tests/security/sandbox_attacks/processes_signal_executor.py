"""Signal the executor, our parent.

falls without: nothing: as root the executor is another user, and the check runs as root
tiers: T0
"""

import os

os.kill(os.getppid() or 1 << 30, 0)
print("GOT a signal across")
