"""A PNG written byte by byte, under names that say something else.

leaves: nothing
told: withheld
"""

import struct, zlib
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
rows = b"".join(b"\0" + b"\xff\x00\xff" * 64 for _ in range(64))
header = struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0)
png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
for name in ("a.png", "a", "a.csv", "a.txt", "a.parquet", "a.json"):
    open(name, "wb").write(png)
