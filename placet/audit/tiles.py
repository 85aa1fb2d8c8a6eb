"""The tree cut into tiles of 256 hashes (C2SP tlog-tiles): which tile holds what, and where it is served.

Knows coordinates, paths, which tiles an append completes, and how proofs come out of tiles
(docs/audit-format.md §13). Pure; must not know storage or HTTP.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from placet.audit.merkle import EMPTY_ROOT, HASH_BYTES, Prover, node_hash

WIDTH: Final = 256
"""Hashes in a full tile; a tile's root is one hash of the tile above it."""
TILE_BYTES: Final = WIDTH * HASH_BYTES
MAX_LEVEL: Final = 63
ENTRIES: Final = -1
"""The level below all hashes: the records themselves, in bundles of 256."""
_PATH = re.compile(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


class TileUnknown(LookupError):  # noqa: N818 - named for the state it reports
    """No such tile: its name is not spelled as the specification says, or the log is not that large."""


@dataclass(frozen=True)
class Tile:
    """A full tile: the hashes of 256 neighbours, each the root of 256**level leaves."""

    level: int
    index: int
    hashes: bytes
    """8,192 bytes."""


@dataclass(frozen=True)
class TileName:
    """Which tile or bundle of records, and how many of its 256 places."""

    level: int
    """0..63, or ENTRIES."""
    index: int
    width: int = WIDTH
    """1..256; less than 256 at the right edge of the tree only."""

    @property
    def path(self) -> str:
        """`tile/<L>/<N>[.p/<W>]`, relative to where the log is served."""
        thousands, last = divmod(self.index, 1000)
        groups = [f"{last:03}"]
        while thousands:
            thousands, group = divmod(thousands, 1000)
            groups.insert(0, f"x{group:03}")
        level = "entries" if self.level == ENTRIES else str(self.level)
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{level}/{'/'.join(groups)}{partial}"

    @classmethod
    def parse(cls, path: str) -> TileName:
        """Read an untrusted path. Raises TileUnknown unless it is exactly what `path` writes."""
        found = _PATH.fullmatch(path)
        if not found:
            raise TileUnknown(path)
        level = ENTRIES if found[1] == "entries" else int(found[1])
        name = cls(level, int(re.sub("[x/]", "", found[2])), int(found[3] or WIDTH))
        if level > MAX_LEVEL or name.path != path:
            raise TileUnknown(path)
        return name

    def within(self, size: int) -> bool:
        """Whether a tree of `size` leaves has all of it."""
        return self.index * WIDTH + self.width <= count_at(max(self.level, 0), size)


def count_at(level: int, size: int) -> int:
    """How many hashes the tiles of one level hold together in a tree of `size` leaves."""
    return size >> (8 * level)


def names_for(size: int) -> list[TileName]:
    """The tiles, full and partial, at the right edge of a tree: with the full ones before them, all of it."""
    names = []
    for level in range(MAX_LEVEL + 1):
        full, partial = divmod(count_at(level, size), WIDTH)
        if partial:
            names.append(TileName(level, full, partial))
        elif full:
            names.append(TileName(level, full - 1))
    return names


class Frontier:
    """The partial tile of each level: all that is needed, beside the full tiles, to grow and to prove.

    At most 255 hashes a level, so some tens of KiB however large the log.
    """

    def __init__(self) -> None:
        self.size = 0
        self._partial: list[bytes] = []
        self._roots: list[tuple[bytes, ...]] = []
        """Of each partial tile the roots of its perfect subtrees, largest first: nothing is hashed twice."""

    def copy(self) -> Frontier:
        """An independent frontier of the same leaves."""
        twin = Frontier()
        twin.size, twin._partial, twin._roots = self.size, list(self._partial), list(self._roots)
        return twin

    def partial(self, level: int) -> bytes:
        """The hashes of a level that are in no full tile yet; empty when there are none."""
        return self._partial[level] if level < len(self._partial) else b""

    def append(self, digest: bytes) -> list[Tile]:
        """Add one leaf hash; the tiles that it completes, from the lowest level up."""
        self.size += 1
        return self._climb(0, digest)

    def extend(self, digests: Sequence[bytes]) -> list[Tile]:
        """Add leaf hashes, where they fill a tile all at once; the tiles that they complete, in order."""
        completed: list[Tile] = []
        at = 0
        while at < len(digests):
            if self.size % WIDTH or len(digests) - at < WIDTH:
                completed += self.append(digests[at])
                at += 1
            else:
                completed += self._add_tile(b"".join(digests[at : at + WIDTH]))
                at += WIDTH
        return completed

    def _add_tile(self, hashes: bytes) -> list[Tile]:
        self.size += WIDTH
        tile = Tile(0, self.size // WIDTH - 1, hashes)
        return [tile, *self._climb(1, subtree_root(hashes))]

    def _climb(self, level: int, digest: bytes) -> list[Tile]:
        completed: list[Tile] = []
        while (hashes := self._add(level, digest)) is not None:
            completed.append(Tile(level, count_at(level + 1, self.size) - 1, hashes))
            (digest,) = self._roots[level]
            self._partial[level], self._roots[level] = b"", ()
            level += 1
        return completed

    def _add(self, level: int, digest: bytes) -> bytes | None:
        """One hash more on a level; the tile's hashes when that fills it."""
        while level >= len(self._partial):
            self._partial.append(b"")
            self._roots.append(())
        hashes, roots = self._partial[level], list(self._roots[level])
        self._partial[level] = hashes + digest
        pairs = len(hashes) // HASH_BYTES
        while pairs & 1:
            digest = node_hash(roots.pop(), digest)
            pairs >>= 1
        self._roots[level] = (*roots, digest)
        return self._partial[level] if len(hashes) == TILE_BYTES - HASH_BYTES else None

    def root(self) -> bytes:
        """The root of the whole tree: the roots of its perfect subtrees all lie in partial tiles."""
        roots = [root for level in reversed(self._roots) for root in level]
        if not roots:
            return EMPTY_ROOT
        digest = roots.pop()
        while roots:
            digest = node_hash(roots.pop(), digest)
        return digest

    @classmethod
    def of(cls, size: int, read: ReadTile, tail: Sequence[bytes]) -> Frontier:
        """The frontier of a stored log; `tail` are the leaf hashes beyond its last full tile.

        Costs up to 255 tiles a level: for starting, not for each proof. Nothing is checked here.
        """
        frontier = cls()
        frontier.size = size
        levels = len(names_for(size))
        frontier._partial, frontier._roots = [b""] * levels, [()] * levels
        for level in range(levels):
            count = count_at(level, size)
            below = range(count - count % WIDTH, count)
            for digest in tail if level == 0 else (subtree_root(read(level - 1, index)) for index in below):
                frontier._add(level, digest)
        return frontier


ReadTile = Callable[[int, int], bytes]
"""(level, index) → the 8,192 bytes of a full tile, of which the log is known to have that many."""


class TiledTree(Prover):
    """A tree of one size, of which full tiles are read when they are needed. For some proofs, then let go of.

    Trusts the tiles it is given: whoever checks a proof finds out.
    """

    def __init__(self, frontier: Frontier, read: ReadTile) -> None:
        """`frontier` must not grow meanwhile."""
        self._frontier, self._read = frontier, read
        self._kept: dict[tuple[int, int], bytes] = {}

    @property
    def size(self) -> int:
        """Number of leaves."""
        return self._frontier.size

    def hashes(self, name: TileName) -> bytes:
        """A tile's bytes, full or partial. Raises TileUnknown when the tree does not have all of it."""
        if not name.within(self.size):
            raise TileUnknown(name.path)
        return self._tile(name.level, name.index)[: name.width * HASH_BYTES]

    def node(self, level: int, index: int) -> bytes:
        """See Prover."""
        tile_level, height = divmod(level, 8)
        tile_index, place = divmod(index << height, WIDTH)
        hashes = self._tile(tile_level, tile_index)
        return subtree_root(hashes[place * HASH_BYTES : (place + (1 << height)) * HASH_BYTES])

    def _tile(self, level: int, index: int) -> bytes:
        if index == count_at(level + 1, self.size):
            return self._frontier.partial(level)
        if (level, index) not in self._kept:
            self._kept[level, index] = self._read(level, index)
        return self._kept[level, index]


def subtree_root(hashes: bytes) -> bytes:
    """The root over a power of two of neighbouring hashes, a full tile for one."""
    row = [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]
    while len(row) > 1:
        row = [node_hash(left, right) for left, right in zip(row[::2], row[1::2], strict=True)]
    return row[0]


def bundle(leaves: Iterable[bytes]) -> bytes:
    """Records as they are served: each behind its length, two bytes, big-endian."""
    return b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in leaves)


def unbundle(content: bytes) -> list[bytes]:
    """The records of an untrusted bundle. Raises ValueError when it ends within one."""
    leaves, at = [], 0
    while at < len(content):
        end = at + 2 + int.from_bytes(content[at : at + 2], "big")
        if at + 2 > len(content) or end > len(content):
            raise ValueError("the bundle of records ends within one")
        leaves.append(content[at + 2 : end])
        at = end
    return leaves
