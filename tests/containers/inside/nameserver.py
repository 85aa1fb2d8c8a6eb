"""A name server: nameserver.py ADDRESS NAMES LOG. NAMES is JSON, name → addresses, read for each question.

Writes who asked for what, a line each, to LOG. Answers A and nothing else; an unknown name does not exist.
Also what `tests/fakes/names.py` answers with; it runs inside alone, so it imports nothing of ours.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

TTL_S = 0
"""Nobody keeps an answer: names change within a test."""
A, INTERNET = 1, 1
NO_SUCH_NAME = 3


def answer(question: bytes, names: Mapping[str, Sequence[str]]) -> tuple[str, bytes]:
    """The name that is asked for, and the reply."""
    number, flags, _, _, _, _ = struct.unpack(">6H", question[:12])
    labels, at = [], 12
    while size := question[at]:
        labels.append(question[at + 1 : at + 1 + size].decode("ascii", "replace"))
        at += 1 + size
    kind, _ = struct.unpack(">2H", question[at + 1 : at + 5])
    name = ".".join(labels).lower()
    found = names.get(name, []) if kind == A else []
    code = 0 if name in names else NO_SUCH_NAME
    head = struct.pack(">6H", number, 0x8400 | flags & 0x0100 | code, 1, len(found), 0, 0)
    told = b"".join(
        struct.pack(">3HIH", 0xC00C, A, INTERNET, TTL_S, 4) + socket.inet_aton(address) for address in found
    )
    return name, head + question[12 : at + 5] + told


def main() -> None:
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((sys.argv[1], 53))
    with Path(sys.argv[3]).open("a", buffering=1) as log:
        while True:
            question, peer = server.recvfrom(512)
            name, reply = answer(question, json.loads(Path(sys.argv[2]).read_text()))
            print(peer[0], name, file=log)
            server.sendto(reply, peer)


if __name__ == "__main__":
    main()
