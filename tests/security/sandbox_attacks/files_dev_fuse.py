"""Open the device that file systems are served by.

falls without: landlock, root, nobody
"""

import os

print("GOT", os.open("/dev/fuse", os.O_RDWR))
