"""Compute inside the engine of regular expressions, where no handler of Python runs.

falls without: limit on cpu, cpu watch
tiers: T1
limits: cpu_s=1, wall_s=30
ends: CPU_EXCEEDED
"""

import re
import signal
import time

signal.signal(signal.SIGXCPU, lambda *_: None)
length = 18
while time.process_time() < 2.2:
    re.match("(a+)+$", "a" * length + "b")
    length += 1
print("GOT", time.process_time(), "seconds")
