"""Leave the one device that everybody may make.

falls without: seccomp, landlock
"""

import os

os.mknod("device", 0o20666, 0)
print("GOT a device")
