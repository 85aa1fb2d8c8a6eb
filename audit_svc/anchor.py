"""The last signed checkpoint in a file outside the database, and the refusal to go on from an older database.

Knows one file and the rollback guard. Must not know SQL.
"""

from __future__ import annotations

from pathlib import Path

from placet.audit.checkpoint import Checkpoint, CheckpointRefused, LogVerifier
from placet.audit.merkle import Prover
from placet.durable import exchange_file


class LogInconsistent(Exception):  # noqa: N818 - named for the state it reports
    """The database is not the one whose checkpoint was last published. The service must not start."""


class Anchor:
    """The checkpoint file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> str | None:
        """The note, or None when there is no file. Raises OSError."""
        try:
            return self._path.read_text()
        except FileNotFoundError:
            return None

    def follow(self, note: str, log: LogVerifier) -> None:
        """Write what another process has published, unless the file says as much: it may be that one's too.

        Raises OSError and LogInconsistent.
        """
        known = self.read()
        if known is None or opened(known, log).size < opened(note, log).size:
            self.write(note, scratch="standby")

    def write(self, note: str, *, scratch: str = "new") -> None:
        """Replace the file durably: a crash leaves the old note or the new one. Raises OSError."""
        exchange_file(self._path, note, self._path.with_name(f".{self._path.name}.{scratch}"))


def guard_against_rollback(anchor: Anchor, tree: Prover, stored: str | None, log: LogVerifier) -> None:
    """Raise LogInconsistent unless the database continues what was last published.

    `tree` is that of the database's leaf hashes, `stored` its own last checkpoint.
    """
    note = anchor.read()
    if note is None:
        if tree.size:
            raise LogInconsistent(
                f"The database has {tree.size} records, but the checkpoint file is missing. Bring it back "
                "from where it was copied to; without it nobody can tell whether the database is the newest."
            )
        return
    _compare("checkpoint file", opened(note, log), tree)
    if tree.size:
        last = opened(stored or "", log)
        _compare("database's last checkpoint", last, tree)
        if last.size != tree.size:
            raise LogInconsistent(
                f"Records {last.size} and later are under no signed checkpoint of this log."
            )


def opened(note: str, log: LogVerifier) -> Checkpoint:
    """What a note of this log says. Raises LogInconsistent when it is not one."""
    try:
        return log.open(note)
    except CheckpointRefused as error:
        raise LogInconsistent(f"A checkpoint is not one of this log and key: {error}") from error


def _compare(name: str, checkpoint: Checkpoint, tree: Prover) -> None:
    if checkpoint.size > tree.size:
        raise LogInconsistent(
            f"The {name} covers {checkpoint.size} records, the database has {tree.size}: it was "
            "rolled back. Restore the newest copy. If records are lost for good, keep this database "
            "as evidence and start a new log under another origin."
        )
    if tree.root(checkpoint.size) != checkpoint.root:
        raise LogInconsistent(
            f"The {name} over {checkpoint.size} records has another root than the database: records were "
            "changed. Run `placet audit verify` to find the first one, and restore a good copy."
        )
