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
time.sleep(2)  # where the quota is that somebody looks, inside gVisor, a look may take long
print("GOT 64 MiB in files that nobody sees")
