"""Fill the directory of temporary files, which holds no artifacts.

falls without: quota
ends: DISK_EXCEEDED
"""

import os
import tempfile
import time

os.chdir(tempfile.gettempdir())
for number in range(32):
    with open(f"file{number}", "wb") as file:
        file.write(bytes(2 << 20))
time.sleep(0.3)
print("GOT 64 MiB of temporary files")
