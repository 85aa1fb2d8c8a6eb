"""See what lies behind the own descriptors.

falls without: landlock, root
"""

import os

print("GOT", os.listdir("/proc/self/fd"))
