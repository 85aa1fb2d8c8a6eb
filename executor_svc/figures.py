"""Which figures of a run go into the log, so that whoever reviews it sees what the caller got.

Knows names and sizes; the bytes are the program's own and are looked at only for PNG's signature. Must not
know how they are shown: whoever does decodes them strictly (audit_svc/console/picture.py).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from executor_svc.sandbox import RunArtifact

PNG: Final = b"\x89PNG\r\n\x1a\n"
MOST: Final = 16
"""A record has 32 bodies at most; others need room as well."""
_LONGEST_NAME: Final = 128
"""What the role of a body holds after its slash (docs/audit-format.md §3)."""


async def of(artifacts: Iterable[RunArtifact], most_bytes: int) -> dict[str, bytes]:
    """Role → content of the first PNG files that fit into `most_bytes` together. Raises OSError."""
    found: dict[str, bytes] = {}
    for artifact in artifacts:
        if len(found) == MOST or artifact.size > most_bytes or not _may_be_kept(artifact.name):
            continue
        content = b"".join([chunk async for chunk in artifact.held.stream()])
        if content.startswith(PNG):
            found[f"artifact/{artifact.name}"] = content
            most_bytes -= len(content)
    return found


def _may_be_kept(name: str) -> bool:
    """Whether it is called a PNG, by a name that a role can hold."""
    plain = name.isprintable() and "/" not in name and len(name) <= _LONGEST_NAME
    return plain and name.lower().endswith(".png")
