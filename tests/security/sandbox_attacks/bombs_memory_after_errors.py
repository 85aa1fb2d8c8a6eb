"""Catch every error of memory and take more, after asking for a higher limit.

falls without: limit on data, control group, memory watch
"""

import contextlib
import resource
import time

with contextlib.suppress(OSError, ValueError):
    resource.setrlimit(resource.RLIMIT_DATA, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
data, most = resource.getrlimit(resource.RLIMIT_DATA)
resource.setrlimit(resource.RLIMIT_DATA, (most, most))
taken = []
for _ in range(1000):
    with contextlib.suppress(MemoryError):
        taken.append(bytearray(b"x") * (1 << 20))
    if len(taken) >= 256:
        time.sleep(0.2)
        print("GOT", len(taken), "MiB")
        break
