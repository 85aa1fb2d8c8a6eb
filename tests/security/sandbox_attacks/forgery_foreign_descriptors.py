"""Find a descriptor that the zygote or the executor left open.

falls without: descriptors
"""

import contextlib
import os

for handle in range(3, 256):
    with contextlib.suppress(OSError):
        print("GOT", os.fstat(handle))
