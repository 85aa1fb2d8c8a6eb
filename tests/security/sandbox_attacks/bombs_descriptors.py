"""Open 1000 files.

falls without: limit on open files
"""

import os

kept = [os.dup(1) for _ in range(1000)]
print("GOT", len(kept), "descriptors")
