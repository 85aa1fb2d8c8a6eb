"""See the devices of the host.

falls without: landlock, root
"""

import os

print("GOT", os.listdir("/dev"))
