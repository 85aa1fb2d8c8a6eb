"""Open a new terminal.

falls without: landlock, root
"""

import os

print("GOT", os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY))
