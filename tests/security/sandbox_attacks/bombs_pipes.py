"""Fill 1000 pipes, which is memory of the kernel.

falls without: limit on open files
"""

import os

kept = [os.pipe() for _ in range(300)]
for _, writing in kept:
    os.write(writing, bytes(65536))
print("GOT", len(kept), "pipes")
