"""Wait for a lock that nobody will release.

falls without: wall clock
limits: wall_s=0.4
ends: TIMED_OUT
"""

import threading

lock = threading.Lock()
lock.acquire()
lock.acquire(timeout=3)
print("GOT three seconds")
