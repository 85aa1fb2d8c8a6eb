"""Ignore and block every signal, then sleep.

falls without: wall clock
limits: wall_s=0.4
ends: TIMED_OUT
"""

import signal
import time

every = set(range(1, signal.NSIG)) - {9, 19, 32, 33}
for number in every:
    signal.signal(number, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, every)
time.sleep(3)
print("GOT three seconds")
