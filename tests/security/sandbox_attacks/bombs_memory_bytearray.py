"""Take 256 MiB as one array of bytes.

falls without: limit on data, control group, memory watch
ends: MEMORY_EXCEEDED
"""

import time

taken = bytearray(b"x") * (256 << 20)
time.sleep(0.2)
print("GOT", len(taken) >> 20, "MiB")
