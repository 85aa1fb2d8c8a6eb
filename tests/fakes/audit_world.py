"""A real log in a directory, and the records of a run that is in order, to attack in tests."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from audit_svc.anchor import Anchor
from audit_svc.batch import Draft
from audit_svc.sequencer import Sequencer
from audit_svc.store.sqlite import SqliteStore
from audit_svc.store.types import Store
from placet.approval import KeySet
from placet.audit.checkpoint import LogSigner
from placet.audit.client import Appended
from placet.audit.reader import Entry, LogReader
from placet.audit.trust import TrustPolicy
from placet.audit.verify import Report, verify_database

ORIGIN = "placet.local/log"
PROGRAM = b"print(1)\n"
PROGRAM_SHA256 = hashlib.sha256(PROGRAM).hexdigest()
STATEMENT = b"{}"
STATEMENT_SHA256 = hashlib.sha256(STATEMENT).hexdigest()
OTHER_SHA256 = hashlib.sha256(b"another").hexdigest()
SCOPE: Mapping[str, object] = {"name": "data-analysis", "version": 1, "sha256": "5" * 64}
GENERATOR, GUARD, EXECUTOR, AUDIT = (
    f"spiffe://placet.local/svc/{name}" for name in ("generator", "guard", "executor", "audit")
)


def rfc3339(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def verdict(**change: object) -> dict[str, object]:
    return {
        "verdict": "ALLOWED",
        "program_sha256": PROGRAM_SHA256,
        "scope": SCOPE,
        "risk_pct": 3,
        "decided_by": "rules+reviewer",
        "findings_sha256": "f" * 64,
        "findings": [],
        "caller": "spiffe://placet.local/caller/local",
    } | change


def approval(rests_on: Appended, **change: object) -> dict[str, object]:
    now = datetime.now(UTC)
    return {
        "approval_id": "a" * 32,
        "program_sha256": PROGRAM_SHA256,
        "statement_sha256": STATEMENT_SHA256,
        "key_id": "key",
        "scope": SCOPE,
        "issued_at": rfc3339(now),
        "expires_at": rfc3339(now + timedelta(minutes=5)),
        "audience": ["local"],
        "inputs": [],
        "limits": {},
        "min_tier": "T1",
        "decided_by": "rules+reviewer",
        "verdict_index": rests_on.index,
        "verdict_leaf_hash": rests_on.leaf_hash.hex(),
    } | change


def started(**change: object) -> dict[str, object]:
    return {
        "run_id": "run",
        "approval_id": "a" * 32,
        "program_sha256": PROGRAM_SHA256,
        "statement_sha256": STATEMENT_SHA256,
        "inputs": [],
        "limits": {},
        "tier": "T1",
        "caller": "spiffe://placet.local/caller/local",
    } | change


def finished(start: Appended, **change: object) -> dict[str, object]:
    return {
        "run_id": "run",
        "approval_id": "a" * 32,
        "program_sha256": PROGRAM_SHA256,
        "started_index": start.index,
        "status": "EXITED",
        "exit_code": 0,
        "signal": 0,
        "usage": {"wall_ms": 5},
        "stdout_sha256": hashlib.sha256(b"1\n").hexdigest(),
        "stderr_sha256": hashlib.sha256(b"").hexdigest(),
        "artifacts": [],
        "tier": "T1",
    } | change


@dataclass
class World:
    """A log's files and key. `writing` opens it as the service does."""

    directory: Path
    signer: LogSigner = field(default_factory=lambda: LogSigner.generate(ORIGIN))

    @property
    def database(self) -> Path:
        return self.directory / "audit.sqlite"

    @property
    def checkpoint(self) -> Path:
        return self.directory / "checkpoint"

    def store(self) -> Store:
        """The writing side of the database."""
        return SqliteStore(self.database)

    def reader(self) -> LogReader:
        """The reading side."""
        return LogReader(self.database)

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Writer]:
        sequencer = Sequencer(self.store(), self.signer, Anchor(self.checkpoint))
        await sequencer.open()
        try:
            yield Writer(sequencer)
        finally:
            await sequencer.close()

    def verify(
        self,
        *,
        kept: Sequence[Path] = (),
        policy: TrustPolicy | None = None,
        reviewers: KeySet | None = None,
        bytes_only: bool = False,
    ) -> Report:
        return verify_database(
            self.database,
            self.checkpoint,
            self.signer.verifier.vkey,
            kept=kept,
            policy=policy,
            reviewers=reviewers,
            bytes_only=bytes_only,
        )

    def entries(self) -> list[Entry]:
        """All records as they are stored."""
        with self.reader() as reader:
            return list(reader.entries())

    def backup(self) -> Callable[[], object]:
        """Copy the database as it is now; what this returns puts the copy in its place."""
        copy = self.directory / "backup"
        shutil.copy(self.database, copy)
        return lambda: shutil.copy(copy, self.database)

    def unguard(self) -> None:
        """Take the triggers and unique indexes away for good; the service then refuses to start."""
        with closing(sqlite3.connect(self.database)) as db:
            self._drop_guards(db)

    def tamper(self, *statements: str) -> None:
        """Edit the database as its administrator can: without its triggers and unique indexes."""
        with self._unguarded() as db:
            for statement in statements:
                db.execute(statement)

    def flip(self, table: str, column: str, rowid: int) -> None:
        """Change one bit in the middle of one stored value."""
        with self._unguarded() as db:
            (value,) = db.execute(f"SELECT {column} FROM {table} WHERE rowid = ?", (rowid,)).fetchone()
            raw = bytearray(value if isinstance(value, bytes) else str(value).encode())
            raw[len(raw) // 2] ^= 1
            changed = bytes(raw) if isinstance(value, bytes) else raw.decode(errors="replace")
            db.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (changed, rowid))

    @contextmanager
    def _unguarded(self) -> Iterator[sqlite3.Connection]:
        """Afterwards the guards are back, as far as the rows let them."""
        with closing(sqlite3.connect(self.database)) as db:
            guards = self._drop_guards(db)
            yield db
            for guard in guards:
                with suppress(sqlite3.IntegrityError):
                    db.execute(guard)
            db.commit()

    def _drop_guards(self, db: sqlite3.Connection) -> list[str]:
        """The statements that made them."""
        found = "SELECT type, name, sql FROM sqlite_master WHERE type IN ('trigger', 'index') AND sql <> ''"
        guards = db.execute(found).fetchall()
        for kind, name, _ in guards:
            db.execute(f"DROP {kind} {name}")
        return [made for _, _, made in guards]


@dataclass
class Writer:
    """Append as whichever service is entitled to."""

    sequencer: Sequencer

    async def append(
        self,
        actor: str,
        kind: str,
        body: Mapping[str, object],
        *,
        key: str = "",
        **bodies: bytes,
    ) -> Appended:
        return await self.sequencer.append(Draft(kind, "req-1", actor, body, bodies, key))

    async def whole_run(self, suffix: str = "") -> list[Appended]:
        """verdict, approval, start and end of one run."""
        ids: dict[str, object] = {"approval_id": "a" * 32 + suffix}
        run: dict[str, object] = ids | {"run_id": "run" + suffix}
        reached = await self.append(GUARD, "verdict_reached", verdict(), program=PROGRAM)
        issued = await self.append(
            GUARD, "approval_issued", approval(reached, **ids), key="k" + suffix, statement=STATEMENT
        )
        start = await self.append(EXECUTOR, "run_started", started(**run))
        end = await self.append(EXECUTOR, "run_finished", finished(start, **run), stdout=b"1\n", stderr=b"")
        return [reached, issued, start, end]
