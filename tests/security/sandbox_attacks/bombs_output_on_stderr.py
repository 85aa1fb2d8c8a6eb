"""Write 2 MiB to stderr.

falls without: output cut
ends: OUTPUT_EXCEEDED
"""

import os

for _ in range(32):
    os.write(2, bytes(65536))
os.write(1, b"\nGOT 2 MiB written")
