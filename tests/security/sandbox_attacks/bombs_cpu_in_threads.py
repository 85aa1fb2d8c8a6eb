"""Compute in four threads at once, without Python's lock.

falls without: limit on cpu, cpu watch
tiers: T1
limits: cpu_s=1, wall_s=30
ends: CPU_EXCEEDED
"""

import hashlib
import threading
import time

threads = [
    threading.Thread(target=hashlib.pbkdf2_hmac, args=("sha256", b"", b"", 1_000_000)) for _ in range(4)
]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
while time.process_time() < 2.2:
    pass
print("GOT", time.process_time(), "seconds")
