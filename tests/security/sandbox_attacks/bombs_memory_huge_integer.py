"""Take 256 MiB as one number.

falls without: limit on data, control group, memory watch
ends: MEMORY_EXCEEDED
"""

import time

taken = 1 << (256 << 23)
taken |= 1
time.sleep(0.2)
print("GOT a number of", taken.bit_length() >> 23, "MiB")
