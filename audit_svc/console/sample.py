"""Which verdicts people review blind: a share that anybody can work out again (docs/labels-format.md §2.1).

Knows leaf hashes. Must not know what a record says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

WANTED: Final = 2
"""People who are to label each verdict of the sample."""
_ALL: Final = 2**64


@dataclass(frozen=True)
class Sample:
    """A share of all verdicts."""

    percent: int = 5
    """0..100."""

    def has(self, leaf_hash: bytes) -> bool:
        """Whether the record with this leaf hash (32 bytes) is in it."""
        return int.from_bytes(leaf_hash[:8]) * 100 < self.percent * _ALL
