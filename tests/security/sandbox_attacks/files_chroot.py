"""Change the root directory.

falls without: seccomp, capabilities
ends: SIGNALED 31
"""

import os

os.mkdir("jail")
os.chroot("jail")
print("GOT a root directory of our own")
