"""Write one line of 256 MiB in a single call.

falls without: output cut
ends: OUTPUT_EXCEEDED
"""

import os

text = bytes(1 << 20)
written = os.writev(1, [text] * 256)
while written < 256 << 20:
    written += os.write(1, text)
os.write(2, b"\nGOT 256 MiB written")
