"""Compute on when the signal says that the time is over.

falls without: limit on cpu, cpu watch
limits: cpu_s=1, wall_s=30
ends: CPU_EXCEEDED
"""

import signal
import time

for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
while time.process_time() < 2.2:
    pass
print("GOT", time.process_time(), "seconds")
