"""Leave a socket.

falls without: seccomp, landlock
"""

import os

os.mknod("socket", 0o140666)
print("GOT a socket")
