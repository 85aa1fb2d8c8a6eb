"""A real log whose database is PostgreSQL: what tests do with a `World`, they do with this one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString, Self

import psycopg
from psycopg import sql

from audit_svc.store.postgres import PostgresStore
from audit_svc.store.types import Store
from placet.audit.postgres import SCHEMA, Connection
from placet.audit.reader import LogReader
from placet.audit.reader_postgres import PostgresReader
from placet.audit.trust import TrustPolicy
from placet.audit.verify import Report, verify_database
from tests.fakes.audit_world import World
from tests.fakes.postgres import Database

WHERE = "postgres"
"""A file in the log's directory that names the database, for other processes."""


@dataclass
class PostgresWorld(World):
    """The key, and the checkpoint file, lie where a `World` has them."""

    @classmethod
    def make(cls, directory: Path, database: Database) -> Self:
        """A log in `directory` over an empty log's tables."""
        (directory / WHERE).write_text(f"{database.socket}\n{database.name}\n")
        return cls(directory)

    @property
    def place(self) -> Database:
        socket, name = (self.directory / WHERE).read_text().split()
        return Database(Path(socket), name)

    def store(self) -> Store:
        return PostgresStore(self.place.as_service)

    def reader(self) -> LogReader:
        return PostgresReader(self.place.as_reader)

    def verify(
        self, *, kept: Sequence[Path] = (), policy: TrustPolicy | None = None, bytes_only: bool = False
    ) -> Report:
        vkey = self.signer.verifier.vkey
        return verify_database(
            self.place.as_reader, self.checkpoint, vkey, kept=kept, policy=policy, bytes_only=bytes_only
        )

    def backup(self) -> Callable[[], object]:
        name = self.place.name
        self._administer(f"CREATE DATABASE {name}_backup TEMPLATE {name}")
        return lambda: self._administer(
            f"DROP DATABASE {name} WITH (FORCE)", f"ALTER DATABASE {name}_backup RENAME TO {name}"
        )

    def _administer(self, *statements: str) -> None:
        with psycopg.connect(Database(self.place.socket, "postgres").as_superuser, autocommit=True) as db:
            for statement in statements:
                db.execute(statement.encode())

    def tamper(self, *statements: str) -> None:
        """Without unique indexes from then on."""
        with self._unguarded() as db:
            for name in ("spent_once", "retried_once"):
                db.execute(_named("DROP INDEX IF EXISTS {}", name))
            for table in ("log_entry", "checkpoint"):
                db.execute(_named("ALTER TABLE {} DROP CONSTRAINT IF EXISTS {}", table, f"{table}_pkey"))
            for statement in statements:
                db.execute(statement.encode())

    def flip(self, table: str, column: str, rowid: int) -> None:
        """`rowid` as SQLite has it: the number that is the key, or else counted from 1."""
        key = {"log_entry": "idx", "checkpoint": "size"}.get(table, "row_number() OVER (ORDER BY ctid)")
        one = sql.SQL(
            f"SELECT ctid, value FROM (SELECT ctid, {key} AS n, {{0}} AS value FROM {{1}}) t WHERE n = %s"
        )
        change = sql.SQL("UPDATE {1} SET {0} = %s WHERE ctid = %s")
        names = (sql.Identifier(column), sql.Identifier(table))
        with self._unguarded() as db:
            row = db.execute(one.format(*names), (rowid,)).fetchone()
            assert row is not None
            place, value = row
            raw = bytearray(value if isinstance(value, bytes) else str(value).encode())
            raw[len(raw) // 2] ^= 1
            changed = bytes(raw) if isinstance(value, bytes) else raw.decode(errors="replace")
            db.execute(change.format(*names), (changed, place))

    @contextmanager
    def _unguarded(self) -> Iterator[Connection]:
        """As the database's administrator, meanwhile without triggers."""
        db = psycopg.connect(self.place.as_superuser)
        db.execute(f"SET search_path = {SCHEMA}".encode())
        triggers = db.execute(
            "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal"
        ).fetchall()
        for table, trigger in triggers:
            db.execute(_named("ALTER TABLE {} DISABLE TRIGGER {}", table, trigger))
        with db:
            yield db
            for table, trigger in triggers:
                db.execute(_named("ALTER TABLE {} ENABLE ALWAYS TRIGGER {}", table, trigger))


def _named(statement: LiteralString, *names: str) -> sql.Composed:
    return sql.SQL(statement).format(*map(sql.Identifier, names))
