"""Take 64 MiB of memory as files of the working directory.

falls without: quota
ends: DISK_EXCEEDED
"""

import os
import time

for number in range(64):
    with open(f"file{number}", "wb") as file:
        file.write(os.urandom(1 << 20))
time.sleep(0.3)
print("GOT 64 MiB in files")
