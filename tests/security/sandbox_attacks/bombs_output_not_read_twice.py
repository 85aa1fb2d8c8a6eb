"""Make the stream refuse to wait, to write past a reader that is slow.

falls without: output cut
ends: OUTPUT_EXCEEDED
"""

import os

os.set_blocking(1, False)
written = 0
while written < 2 << 20:
    try:
        written += os.write(1, bytes(65536))
    except BlockingIOError:
        continue
os.write(2, b"\nGOT 2 MiB written")
