"""The tree cut into tiles of 256 hashes (C2SP tlog-tiles): which tile holds what, and where it is served.

Knows coordinates, paths and which tiles an append completes. Pure; must not know storage or HTTP.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from placet.audit.merkle import HASH_BYTES, node_hash

WIDTH: Final = 256
"""Hashes in a full tile; a tile's root is one hash of the tile above it."""
TILE_BYTES: Final = WIDTH * HASH_BYTES


@dataclass(frozen=True)
class Tile:
    """A full tile: the hashes of 256 neighbours, each the root of 256**level leaves."""

    level: int
    index: int
    hashes: bytes
    """8,192 bytes."""


class Frontier:
    """The partial tile of each level: all that is needed, beside the full tiles, to grow and to prove.

    At most 255 hashes a level, so some tens of KiB however large the log.
    """

    def __init__(self) -> None:
        self.size = 0
        self._partial: list[bytes] = []

    def copy(self) -> Frontier:
        """An independent frontier of the same leaves."""
        twin = Frontier()
        twin.size, twin._partial = self.size, list(self._partial)
        return twin

    def partial(self, level: int) -> bytes:
        """The hashes of a level that are in no full tile yet; empty when there are none."""
        return self._partial[level] if level < len(self._partial) else b""

    def append(self, digest: bytes) -> list[Tile]:
        """Add one leaf hash; the tiles that it completes, from the lowest level up."""
        completed: list[Tile] = []
        self.size += 1
        count = self.size
        for level in range(len(self._partial) + 1):
            if level == len(self._partial):
                self._partial.append(b"")
            hashes = self._partial[level] + digest
            if len(hashes) < TILE_BYTES:
                self._partial[level] = hashes
                break
            self._partial[level], count = b"", count // WIDTH
            completed.append(Tile(level, count - 1, hashes))
            digest = tile_root(hashes)
        return completed


def tile_root(hashes: bytes) -> bytes:
    """The root over a full tile, or over any number of hashes that is a power of two."""
    row = [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]
    while len(row) > 1:
        row = [node_hash(left, right) for left, right in zip(row[::2], row[1::2], strict=True)]
    return row[0]
