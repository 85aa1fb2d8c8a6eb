"""Compute in Python for 2.2 seconds, against a limit of 1.

falls without: limit on cpu, cpu watch
limits: cpu_s=1, wall_s=30
ends: CPU_EXCEEDED
"""

import time

while time.process_time() < 2.2:
    pass
print("GOT", time.process_time(), "seconds")
