"""A PostgreSQL session that may write a log, and the lock that only one of them holds.

Knows connections, time limits and the lock. Must not know rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final

import psycopg

from audit_svc.store.postgres_fitness import unfit
from audit_svc.store.types import StoreFailed
from placet.audit.postgres import Connection, connect

WRITER_LOCK: Final = 0x706C616365740001
"""Advisory lock of the one process that may append. PostgreSQL frees it when the session ends."""
MIGRATION_LOCK: Final = 0x706C616365740002

_SESSION: Final = (
    # A server that forgets a client within half a minute frees its lock for the next one.
    "SET tcp_keepalives_idle = 10",
    "SET tcp_keepalives_interval = 5",
    "SET tcp_keepalives_count = 3",
    "SET idle_in_transaction_session_timeout = '30s'",
    "SET lock_timeout = '5s'",
    "SET jit = off",
)


@contextmanager
def failures() -> Iterator[None]:
    """Whatever PostgreSQL has to say, as StoreFailed."""
    try:
        yield
    except psycopg.Error as error:
        raise StoreFailed(str(error).strip() or type(error).__name__) from error


def open_session(address: str) -> Connection:
    """A session that may write the log at `address`.

    Raises StoreFailed when the server does not answer, and with instructions when it would lose what it
    acknowledged, when its tables are not those of this version, or when this role could change a record;
    ValueError for an address that is not safe to use.
    """
    with failures():
        db = connect(address, "placet-audit")
        try:
            for statement in _SESSION:
                db.execute(statement)
            if problem := unfit(db):
                raise StoreFailed(problem)  # noqa: TRY301 - the connection must be closed first
        except BaseException:
            db.close()
            raise
    return db


def take_writer_lock(db: Connection) -> bool:
    """Take it until the session ends. False while another session has it. Raises psycopg.Error."""
    return _one(db, "SELECT pg_try_advisory_lock(%s)", WRITER_LOCK) == (True,)


def hold_writer_lock(db: Connection) -> bool:
    """Whether this very session still has it; within a transaction, nobody else gets it before the end.

    A pooler that hands out server sessions per transaction would lend the lock to somebody else: this is
    how that is noticed before anything is written. Raises psycopg.Error.
    """
    return _one(db, "SELECT pg_try_advisory_xact_lock(%s)", WRITER_LOCK) == (True,)


def end(db: Connection) -> None:
    """Close it. The lock is free on return where the server answers; else once it misses the session."""
    with suppress(psycopg.Error):
        db.execute("SELECT pg_advisory_unlock_all()")
    db.close()


def _one(db: Connection, sql: str, *values: object) -> Sequence[object]:
    """The first row, or an empty one."""
    return db.execute(sql.encode(), values).fetchone() or ()
