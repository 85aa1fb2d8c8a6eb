"""See the devices of the host.

falls without: landlock, root
"""

import os

found = os.listdir("/dev")
if len(found) > 4:  # the sandbox has four of its own
    print("GOT", found)
