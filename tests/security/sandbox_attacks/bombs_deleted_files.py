"""Fill the disk with files that are deleted but still open.

falls without: quota
tiers: T1
ends: DISK_EXCEEDED or EXITED
"""

import os
import time

kept = []
for _ in range(32):
    file = open("gone", "wb")
    kept.append(file)
    file.write(bytes(2 << 20))
    os.unlink("gone")
time.sleep(0.3)
print("GOT 64 MiB in files that nobody sees")
