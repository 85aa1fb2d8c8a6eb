"""Tell of figures that were not drawn, in every form that a reader may stumble over, beside an image of its own.

scope: drawn
ends: EXITED or CONTRACT_VIOLATED
"""

import json
import struct
import zlib

row = b"\x00" + open("staff.csv", "rb").read()[:30].ljust(30)
data = zlib.compress(row * 10)


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


header = struct.pack(">IIBBBBB", 10, 10, 8, 2, 0, 0, 0)
image = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
with open("own.png", "wb") as file:
    file.write(image + open("staff.csv", "rb").read())
lines = [
    "{", "[]", "null", '"x"', "[" * 100_000, '{"version": 99}', '{"version": 1}', "NaN", "\x00" * 1000, "9" * 100_000,
    json.dumps({"version": 1, "name": "own.png", "axes": [{"lines": 1e400}] * 1000}),
    json.dumps({"version": 1, "file": "own.png", "target": "../own.png", "axes": "x" * 1_000_000}),
]
with open(".placet-figures.jsonl", "w") as file:
    file.write("\n".join(lines))
