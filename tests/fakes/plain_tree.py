"""A tree with every hash in memory, to compare tiles with and to make proofs of a few leaves."""

from __future__ import annotations

from collections.abc import Iterable

from placet.audit.merkle import HASH_BYTES, Prover, node_hash


class Tree(Prover):
    """Every perfect subtree's hash, 64 bytes for each leaf."""

    def __init__(self, leaf_hashes: Iterable[bytes] = ()) -> None:
        self._levels: list[bytearray] = [bytearray()]
        for digest in leaf_hashes:
            self.append(digest)

    @property
    def size(self) -> int:
        """Number of leaves."""
        return len(self._levels[0]) // HASH_BYTES

    def append(self, digest: bytes) -> None:
        """Add one leaf hash."""
        index = self.size
        self._levels[0] += digest
        level = 0
        while index & 1:
            digest = node_hash(self.node(level, index - 1), digest)
            index >>= 1
            level += 1
            if level == len(self._levels):
                self._levels.append(bytearray())
            self._levels[level] += digest

    def node(self, level: int, index: int) -> bytes:
        """See Prover."""
        return bytes(self._levels[level][index * HASH_BYTES : (index + 1) * HASH_BYTES])
