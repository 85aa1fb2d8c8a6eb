"""The Merkle tree of RFC 6962 §2.1 over SHA-256: roots, proofs, and their verification.

Knows hashes and nothing of what the leaves say. No I/O.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Final

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()


class ProofRefused(ValueError):  # noqa: N818 - named for the state it reports
    """The proof does not show what it claims."""


def leaf_hash(leaf: bytes) -> bytes:
    """SHA-256(0x00 || leaf)."""
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def _split(size: int) -> int:
    """The largest power of two smaller than `size` (size ≥ 2)."""
    return 1 << ((size - 1).bit_length() - 1)


class CompactRange:
    """The roots of the perfect subtrees over the leaves so far: all that appending and the root need."""

    def __init__(self) -> None:
        self.size = 0
        self._roots: list[bytes] = []

    def copy(self) -> CompactRange:
        """An independent range of the same leaves."""
        twin = CompactRange()
        twin.size, twin._roots = self.size, list(self._roots)
        return twin

    def append(self, digest: bytes) -> None:
        """Add one leaf hash."""
        rest = self.size
        while rest & 1:
            digest = node_hash(self._roots.pop(), digest)
            rest >>= 1
        self._roots.append(digest)
        self.size += 1

    def root(self) -> bytes:
        """The tree's root; of no leaves, SHA-256 of nothing."""
        if not self._roots:
            return EMPTY_ROOT
        digest = self._roots[-1]
        for left in reversed(self._roots[:-1]):
            digest = node_hash(left, digest)
        return digest


class Prover(ABC):
    """Roots and proofs over a tree whose perfect subtrees lie somewhere. Each costs O(log n) of them."""

    @property
    @abstractmethod
    def size(self) -> int:
        """Number of leaves."""

    @abstractmethod
    def node(self, level: int, index: int) -> bytes:
        """The root of the perfect subtree over the leaves [index << level, (index + 1) << level)."""

    def root(self, size: int | None = None) -> bytes:
        """The root of the first `size` leaves (all of them without it). Raises IndexError beyond the tree."""
        size = self._checked(self.size if size is None else size)
        return self._range(0, size) if size else EMPTY_ROOT

    def inclusion_proof(self, index: int, size: int) -> list[bytes]:
        """RFC 6962 §2.1.1: the siblings from the leaf up. Raises IndexError unless index < size ≤ leaves."""
        if not 0 <= index < self._checked(size):
            raise IndexError(index)
        return self._path(index, 0, size)

    def consistency_proof(self, old: int, new: int) -> list[bytes]:
        """RFC 6962 §2.1.2; empty for old = 0 and old = new. Raises IndexError unless old ≤ new ≤ leaves."""
        if not 0 <= old <= self._checked(new):
            raise IndexError(old)
        return self._subproof(old, 0, new, whole=True) if old else []

    def _checked(self, size: int) -> int:
        if not 0 <= size <= self.size:
            raise IndexError(size)
        return size

    def _range(self, low: int, high: int) -> bytes:
        size = high - low
        if size & (size - 1) == 0:
            level = size.bit_length() - 1
            return self.node(level, low >> level)
        middle = low + _split(size)
        return node_hash(self._range(low, middle), self._range(middle, high))

    def _path(self, index: int, low: int, high: int) -> list[bytes]:
        if high - low == 1:
            return []
        middle = low + _split(high - low)
        if index < middle:
            return [*self._path(index, low, middle), self._range(middle, high)]
        return [*self._path(index, middle, high), self._range(low, middle)]

    def _subproof(self, old: int, low: int, high: int, *, whole: bool) -> list[bytes]:
        if old == high:
            return [] if whole else [self._range(low, high)]
        middle = low + _split(high - low)
        if old <= middle:
            return [*self._subproof(old, low, middle, whole=whole), self._range(middle, high)]
        return [*self._subproof(old, middle, high, whole=False), self._range(low, middle)]


def verify_inclusion(digest: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Raise ProofRefused unless `digest` is leaf `index` of the tree of `size` leaves with that root.

    The proof comes from whoever stores the log and is not trusted (RFC 9162 §2.1.3.2).
    """
    if not 0 <= index < size:
        raise ProofRefused(f"index {index} is outside a tree of {size}")
    node, last = index, size - 1
    for sibling in _hashes(proof):
        if last == 0:
            raise ProofRefused("the inclusion proof has too many hashes")
        if node & 1 or node == last:
            digest = node_hash(sibling, digest)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            digest = node_hash(digest, sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise ProofRefused("the inclusion proof has too few hashes")
    if digest != root:
        raise ProofRefused("the inclusion proof leads to another root")


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Raise ProofRefused unless the `new` tree only appends to the `old` one (RFC 9162 §2.1.4.2)."""
    if not 0 <= old <= new:
        raise ProofRefused(f"no tree of {new} continues one of {old}")
    if old in (0, new):
        expected = EMPTY_ROOT if old == 0 else new_root
        if proof or old_root != expected:
            raise ProofRefused("trees of these sizes have no such proof")
        return
    _verify_growth(old, new, old_root, new_root, proof)


def _verify_growth(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    path = list(_hashes(proof))
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        raise ProofRefused("the consistency proof has too few hashes")
    old_seen = new_seen = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise ProofRefused("the consistency proof has too many hashes")
        if node & 1 or node == last:
            old_seen, new_seen = node_hash(sibling, old_seen), node_hash(sibling, new_seen)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            new_seen = node_hash(new_seen, sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise ProofRefused("the consistency proof has too few hashes")
    if old_seen != old_root or new_seen != new_root:
        raise ProofRefused("the consistency proof leads to other roots: the log's history was rewritten")


def _hashes(proof: Sequence[bytes]) -> Iterable[bytes]:
    for digest in proof:
        if len(digest) != HASH_BYTES:
            raise ProofRefused("a proof's hash is not 32 bytes")
        yield digest
