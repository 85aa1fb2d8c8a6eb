"""Find a descriptor that was left to the program.

falls without: descriptors or order
"""

import os

for handle in range(3, 1025):
    try:
        print("GOT", handle, os.fstat(handle))
    except OSError:
        pass
