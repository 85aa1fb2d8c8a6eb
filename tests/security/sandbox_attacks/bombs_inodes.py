"""Make 6000 files.

falls without: disk watch
tiers: T0, T1
limits: cpu_s=25, wall_s=30
ends: DISK_EXCEEDED or TIMED_OUT or CPU_EXCEEDED
"""

import time

for number in range(6000):
    open(f"{number}", "x").close()
time.sleep(0.3)
print("GOT 6000 files")
