"""Be interrupted by a timer ten thousand times a second.

falls without: wall clock
limits: wall_s=0.4
ends: TIMED_OUT
"""

import signal
import time

signal.signal(signal.SIGALRM, lambda *_: None)
signal.setitimer(signal.ITIMER_REAL, 0.0001, 0.0001)
end = time.monotonic() + 1
while time.monotonic() < end:
    time.sleep(0.01)
print("GOT a second")
