"""Spend the time in the kernel.

falls without: limit on cpu, cpu watch
tiers: T1
limits: cpu_s=1, wall_s=30
ends: CPU_EXCEEDED
"""

import os
import time

while time.process_time() < 2.2:
    for _ in range(100):
        os.urandom(1 << 16)
print("GOT", time.process_time(), "seconds")
