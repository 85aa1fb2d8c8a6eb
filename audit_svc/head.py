"""From what a process knows of the log to what the database holds, with nothing of it taken on trust.

Knows records' hashes, tiles, checkpoints and the checkpoint file. Must not know who writes, or when to read.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Final

from audit_svc.anchor import Anchor, LogInconsistent, guard_against_rollback, opened
from audit_svc.store.types import Store
from placet.audit.checkpoint import LogSigner
from placet.audit.tiles import Frontier, Tile, TiledTree

_AT_ONCE: Final = 1024
"""Hashes in memory while a log is read."""


@dataclass(frozen=True)
class Head:
    """The log up to one of its checkpoints."""

    frontier: Frontier
    """With the stored tiles, the tree of this size; never grown."""
    checkpoint: str
    """The signed note over it."""

    @property
    def size(self) -> int:
        """Number of records."""
        return self.frontier.size


def read_on(store: Store, known: Head, anchor: Anchor, signer: LogSigner, *, leads: bool) -> Head:
    """The log up to the database's last checkpoint, read from where `known` ends.

    With `leads` nobody else writes, and a record under no checkpoint is a break; without, another process is
    about to cover it. Nothing is taken that is under no checkpoint of this log.

    Raises LogInconsistent, StoreFailed, OSError.
    """
    stored = store.last_checkpoint()
    end = store.size() if leads else _size_of(stored, signer)
    if end < known.size:
        raise LogInconsistent(f"The database went back from {known.size} to {end} records.")
    frontier = _grown(store, known.frontier.copy(), end)
    tree = TiledTree(frontier, lambda level, index: _tile(store, level, index))
    guard_against_rollback(anchor, tree, stored, signer.verifier)
    return Head(frontier, stored or signer.sign(0, frontier.root()))


def _size_of(stored: str | None, signer: LogSigner) -> int:
    return opened(stored, signer.verifier).size if stored else 0


def _grown(store: Store, frontier: Frontier, end: int) -> Frontier:
    rows = islice(store.leaf_hashes(frontier.size), end - frontier.size)
    while some := list(islice(rows, _AT_ONCE)):
        for expected, (index, _) in enumerate(some, frontier.size):
            if index != expected:
                raise LogInconsistent(f"Record {expected} is missing from the database.")
        _check_stored(store, frontier.extend([digest for _, digest in some]))
    if frontier.size < end:
        raise LogInconsistent(f"Record {frontier.size} is missing from the database.")
    return frontier


def _check_stored(store: Store, tiles: list[Tile]) -> None:
    for tile in tiles:
        if store.tile(tile.level, tile.index) != tile.hashes:
            raise LogInconsistent(
                f"Tile {tile.index} of level {tile.level} is not what the records' hashes give. Run "
                "`placet audit verify` to find what was changed, and restore a good copy."
            )


def _tile(store: Store, level: int, index: int) -> bytes:
    hashes = store.tile(level, index)
    if hashes is None:
        raise LogInconsistent(f"Tile {index} of level {level} is missing from the database.")
    return hashes
