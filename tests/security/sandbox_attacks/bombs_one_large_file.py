"""Write a file of 64 MiB.

falls without: quota
ends: DISK_EXCEEDED
"""

import time

with open("large", "wb") as file:
    for _ in range(64):
        file.write(bytes(1 << 20))
time.sleep(0.3)
print("GOT 64 MiB")
