"""Make 15000 directories.

falls without: quota
limits: cpu_s=25, wall_s=30
ends: DISK_EXCEEDED or TIMED_OUT
"""

import os
import time

for number in range(15000):
    os.mkdir(f"{number}")
time.sleep(0.3)
print("GOT 15000 directories")
