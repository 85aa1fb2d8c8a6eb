"""Write 2 MiB to stdout.

falls without: output cut
ends: OUTPUT_EXCEEDED
"""

import os

for _ in range(32):
    os.write(1, bytes(65536))
os.write(2, b"\nGOT 2 MiB written")
