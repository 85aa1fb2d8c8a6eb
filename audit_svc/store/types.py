"""What the sequencer asks of a database: appends whole batches or nothing, and one writer at a time.

Knows what a batch consists of. Must not know SQL, signing or who may append. Every call blocks, and a store
is for one thread at a time (the sequencer's). Every call raises StoreFailed when it cannot.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Final, Protocol

from placet.audit.columns import columns_of
from placet.audit.merkle import leaf_hash
from placet.audit.reader import Entry, StoredBody
from placet.audit.record import Record
from placet.audit.tiles import Tile

SCHEMA_VERSION: Final = 2


class StoreFailed(Exception):  # noqa: N818 - named for the state it reports
    """The database did not answer, or refused. Whether a batch was written must be looked up (`size`)."""


class StandingBy(StoreFailed):
    """Another process leads the log."""


@dataclass(frozen=True)
class BodyKey:
    """One body: the record that names it, and its role there."""

    index: int
    role: str


@dataclass(frozen=True)
class NewEntry:
    """A record to append with its bodies, what it is found by, and the bodies that it erases."""

    entry: Entry
    bodies: tuple[StoredBody, ...]
    rules: tuple[str, ...] = ()
    """Rule ids of its findings, each once."""
    words: tuple[str, ...] = ()
    """What the index of words holds of it, each once."""
    erases: tuple[BodyKey, ...] = ()
    """Bodies of earlier records whose content and salt go when this record becomes durable."""

    @classmethod
    def of(
        cls,
        index: int,
        record: Record,
        leaf: bytes,
        bodies: tuple[StoredBody, ...] = (),
        erases: tuple[BodyKey, ...] = (),
    ) -> NewEntry:
        """The row of a record whose bytes are `leaf`, with everything that derives from them."""
        columns = columns_of(record)
        entry = Entry(
            index,
            leaf,
            leaf_hash(leaf),
            record.kind,
            record.request_id,
            record.actor,
            columns.approval_id,
            record.idempotency_key,
            columns.time,
            columns.caller,
            columns.scope,
            columns.verdict,
        )
        return cls(entry, bodies, columns.rules, columns.words, erases)


@dataclass(frozen=True)
class Growth:
    """One batch: the records, the tiles that they complete, and the signed checkpoint over all of it."""

    entries: Sequence[NewEntry]
    tiles: Sequence[Tile]
    size: int
    """Records in the log after this batch."""
    note: str


class Store(Protocol):
    """The writing side of a log's database."""

    def close(self) -> None:
        """Release the database, and the right to write with it."""

    def lead(self) -> bool:
        """Become the log's only writer. False while another process is; then try again later.

        True again and again while the right is held. The right ends with `close`, the process or the
        connection; a commit without it fails.
        """

    def size(self) -> int:
        """Number of records."""

    def leaf_hashes(self, start: int = 0) -> Iterator[tuple[int, bytes]]:
        """(index, leaf hash) of every record from `start` on, in order; constant memory."""

    def tile(self, level: int, index: int) -> bytes | None:
        """The 8,192 bytes of a stored full tile."""

    def last_checkpoint(self) -> str | None:
        """The note of the last committed batch."""

    def newest_leaf(self) -> bytes | None:
        """The leaf of the newest record."""

    def same_keys(self, actor: str, keys: Collection[str]) -> Mapping[str, Entry]:
        """Of these idempotency keys (none empty), those `actor` has used, with the records of then."""

    def spent(self, approval_ids: Collection[str]) -> Set[str]:
        """Of these approvals, those that have started a run."""

    def first_at(self, time: str) -> int:
        """Index of the first record that is not before this time; where there is none, the size."""

    def leaves(self, kinds: Collection[str], start: int, end: int) -> Iterator[bytes]:
        """Leaves of records of these kinds, from `start` up to before `end`, in order; constant memory."""

    def verdicts(self, request_ids: Collection[str], not_by: str) -> Iterator[bytes]:
        """The leaves of the verdicts in these requests, but those by the actor `not_by`."""

    def salts(self, index: int) -> Mapping[str, bytes]:
        """Role → salt of the bodies of a record that are not erased."""

    def commit(self, growth: Growth) -> None:
        """Make a batch durable as a whole: records, bodies, erasures, tiles, checkpoint."""

    def cosign(self, size: int, lines: Mapping[str, str]) -> None:
        """Keep witnesses' signature lines (by key name) for the stored checkpoint of this size."""

    def cosignatures(self, size: int) -> Mapping[str, str]:
        """Key name → signature line kept for the checkpoint of this size."""
