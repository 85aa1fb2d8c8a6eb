"""What the records' hashes must give: the stored tiles, and the root of every signed checkpoint.

Knows docs/audit-format.md §6.13, §6.14 and §6.19. Must not know what a record says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import Final

from placet.audit.beside import Beside, Broken
from placet.audit.checkpoint import Checkpoint, LogVerifier
from placet.audit.merkle import CompactRange
from placet.audit.note import CheckpointRefused, Note
from placet.audit.rows import LogRows, Row
from placet.audit.tiles import WIDTH
from placet.audit.trust import NONE, TrustPolicy

_WIDTH_BITS: Final = 8


class TiledRange(CompactRange):
    """A compact range that also says which tiles it completes."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[list[bytes]] = []

    def grow(self, digest: bytes) -> None:
        """Add one leaf hash."""
        self._keep(0, digest)
        roots, rest, level = self._roots, self.size, 0
        while rest & 1:
            digest = hashlib.sha256(b"\x01" + roots.pop() + digest).digest()
            rest >>= 1
            level += 1
            if not level % _WIDTH_BITS:
                self._keep(level // _WIDTH_BITS, digest)
        roots.append(digest)
        self.size += 1

    def completed(self) -> Iterator[tuple[int, int, bytes]]:
        """Level, number and hashes of the tiles that the last leaf completed. Call it after every 256th."""
        for level, row in enumerate(self._rows):
            if len(row) == WIDTH:
                yield level, (self.size >> _WIDTH_BITS * (level + 1)) - 1, b"".join(row)
                row.clear()

    def _keep(self, level: int, digest: bytes) -> None:
        if level == len(self._rows):
            self._rows.append([])
        self._rows[level].append(digest)


class Tiles:
    """Every full tile is stored, as the records give it, and no other."""

    def __init__(self, rows: LogRows) -> None:
        self._rows = rows
        self._levels: dict[int, Beside] = {}

    def take(self, tree: TiledRange) -> None:
        """The tree has grown by 256 records. Raises Broken."""
        for level, number, hashes in tree.completed():
            if level not in self._levels:
                self._levels[level] = Beside(self._rows.tiles(level), f"a tile of level {level}")
            stored = [content for _, content in self._levels[level].at(number)]
            if stored != [hashes]:
                first = number << _WIDTH_BITS * (level + 1)
                raise Broken(
                    first,
                    f"records {first} to {tree.size - 1}: tile {number} of level {level} is not theirs",
                    "Hashes that proofs are made of were changed: the log would give out false proofs.",
                )

    def end(self) -> None:
        """Raises Broken for tiles of records that do not exist."""
        for beside in self._levels.values():
            beside.end()
        if strange := [level for level in self._rows.tile_levels() if level not in self._levels]:
            raise Broken(
                None, f"tiles of level {strange[0]!r} are kept, which no record completes", "Put there."
            )


class Checkpoints:
    """The tree's root is that of every checkpoint: the stored ones, the file's, and those kept elsewhere."""

    def __init__(
        self,
        log: LogVerifier,
        rows: LogRows,
        outside: Mapping[str, Checkpoint],
        policy: TrustPolicy | None = None,
    ) -> None:
        """`outside`: where each was kept → a checkpoint that the log's key signed."""
        self._log, self._policy = log, policy
        self._stored = Beside(rows.checkpoints(), "a checkpoint")
        self._lines = Beside(rows.cosignatures(), "a cosignature")
        self._outside = sorted(outside.items(), key=lambda item: -item[1].size)
        self.proven = 0
        """Records that some checkpoint covers, all before them too."""
        self.root = b""
        self.newest = 0
        """Size of the last stored checkpoint."""
        self.witnessed = 0
        """Size of the newest checkpoint that has the policy's quorum."""
        self.next: float = 0
        """The next size at which there is something to compare."""
        self._look()

    def at(self, tree: CompactRange) -> None:
        """Compare at `next`. Raises Broken."""
        size = tree.size
        for _, note in self._stored.at(size) if self._stored.next == size else ():
            name = f"record {max(size - 1, 0)}: the stored checkpoint over {size} records"
            found = self._open(note, size, name)
            if found.size != size:
                raise Broken(size, f"{name} is one over {found.size}", "Checkpoints were moved.")
            self._cosigned(note, size)
            self._compare(tree, found, "the log signed")
            self.newest = size
        while self._outside and self._outside[-1][1].size == size:
            where, checkpoint = self._outside.pop()
            self._compare(tree, checkpoint, f"the log signed in {where}")
        self._look()

    def _look(self) -> None:
        outside = self._outside[-1][1].size if self._outside else inf
        self.next = min(self._stored.next, outside)

    def _open(self, note: object, size: int, name: str) -> Checkpoint:
        try:
            if not isinstance(note, str):
                raise CheckpointRefused("it is no text")  # noqa: TRY301 - one kind of refusal
            return self._log.open(note)
        except CheckpointRefused as error:
            raise Broken(
                max(size - 1, 0),
                f"{name} does not prove its records: {error}",
                "It was changed, or another log's key signed it.",
            ) from error

    def _cosigned(self, note: str, size: int) -> None:
        """The lines that witnesses wrote for this checkpoint, all of which must hold."""
        rows = self._lines.at(size) if self._lines.next <= size else ()
        try:
            parsed = Note.parse(note + "".join(str(line) for _, _, line in rows))
            _check_names(parsed, rows)
            cosigners = self._policy.cosignatures(parsed) if self._policy else ()
        except CheckpointRefused as error:
            raise Broken(
                max(size - 1, 0),
                f"a cosignature over {size} records does not hold: {error}",
                "What a witness said was changed.",
            ) from error
        if self._policy and self._policy.is_met(cosigners):
            self.witnessed = size

    def _compare(self, tree: CompactRange, checkpoint: Checkpoint, who: str) -> None:
        size = tree.size
        if tree.root() != checkpoint.root:
            first, last = self.proven, size - 1
            where = f"record {last}" if last <= first else f"records {first} to {last}"
            raise Broken(
                min(first, max(last, 0)),
                f"{where}: the records do not give the root that {who} over {size} records",
                "A record there was rewritten together with its hash, or two histories were shown.",
            )
        self.proven, self.root = size, checkpoint.root

    def end(self, tree: CompactRange) -> None:
        """All records are read. Raises Broken when a checkpoint promises more, or none covers the last."""
        size = tree.size
        promised: Sequence[tuple[str, float]] = [(where, found.size) for where, found in self._outside]
        if self._stored.next != inf:
            promised = [*promised, ("a stored checkpoint", self._stored.next)]
        for where, more in promised:
            raise Broken(
                size,
                f"record {size} and later are missing: {size} records are there, {where} covers {more}",
                "The end of the log was cut off, or an older copy was put in its place.",
            )
        if self.proven < size:
            raise Broken(
                self.proven,
                f"record {self.proven} and later are covered by no signed checkpoint",
                "They were added without the log's key.",
            )
        self._lines.end()
        if self._policy and self._policy.quorum != NONE and not self.witnessed and size:
            raise Broken(
                None,
                f"no stored checkpoint has the quorum {self._policy.quorum!r} of the policy",
                "Nobody outside has seen this history: the log may have been signed anew with a stolen key.",
            )


def _check_names(note: Note, rows: Sequence[Row]) -> None:
    """Raise CheckpointRefused unless the note's last lines are by the witnesses under whom they are kept."""
    names = [line.name for line in note.signatures[len(note.signatures) - len(rows) :]]
    if names != [witness for _, witness, _ in rows]:
        raise CheckpointRefused("it is kept under another witness's name")
