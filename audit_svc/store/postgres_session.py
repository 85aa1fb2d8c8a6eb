"""A PostgreSQL session that is fit to write a log: durable commits, no right to change anything, one writer.

Knows server settings, privileges and the writer's lock. Must not know rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final

import psycopg

from audit_svc.store.types import SCHEMA_VERSION, StoreFailed
from placet.audit.postgres import SCHEMA, Connection, connect

WRITER_LOCK: Final = 0x706C616365740001
"""Advisory lock of the one process that may append. PostgreSQL frees it when the session ends."""
MIGRATION_LOCK: Final = 0x706C616365740002
MIN_SERVER: Final = 140000
"""PostgreSQL 14."""

_SESSION: Final = (
    # A server that forgets a client within half a minute frees its lock for the next one.
    "SET tcp_keepalives_idle = 10",
    "SET tcp_keepalives_interval = 5",
    "SET tcp_keepalives_count = 3",
    "SET idle_in_transaction_session_timeout = '30s'",
    "SET lock_timeout = '5s'",
    "SET jit = off",
)

_UNSAFE_SETTINGS: Final = """
SELECT name || ' = ' || setting FROM pg_settings
WHERE name IN ('fsync', 'full_page_writes') AND setting <> 'on'
   OR name = 'synchronous_commit' AND setting NOT IN ('on', 'remote_apply')
   OR name = 'server_encoding' AND setting <> 'UTF8'
   OR name = 'transaction_read_only' AND setting <> 'off'
ORDER BY name
"""

# Not only what this role may do itself: also what it could do as a role that it belongs to.
_TOO_STRONG: Final = """
SELECT r.rolname, t.relname FROM pg_roles r CROSS JOIN pg_class t
WHERE t.relnamespace = to_regnamespace(%s) AND t.relkind IN ('r', 'p')
  AND pg_has_role(session_user, r.oid, 'MEMBER')
  AND (r.rolsuper OR r.rolcreaterole OR r.oid = t.relowner
       OR has_table_privilege(r.oid, t.oid, 'UPDATE, DELETE, TRUNCATE, TRIGGER')
       OR has_any_column_privilege(r.oid, t.oid, 'UPDATE'))
ORDER BY 1, 2 LIMIT 1
"""

_UNGUARDED: Final = """
SELECT t.relname FROM pg_class t
WHERE t.relnamespace = to_regnamespace(%s) AND t.relkind IN ('r', 'p') AND (
  SELECT count(*) FROM pg_trigger g WHERE g.tgrelid = t.oid AND g.tgenabled = 'A'
    AND g.tgname IN (t.relname || '_kept', t.relname || '_fixed')
) < CASE t.relname WHEN 'body' THEN 2 ELSE 1 END
ORDER BY 1 LIMIT 1
"""

_UNIQUE: Final = """
SELECT name FROM unnest(ARRAY['log_entry_pkey', 'spent_once', 'retried_once', 'checkpoint_pkey']) AS name
WHERE NOT EXISTS (
  SELECT FROM pg_index i
  WHERE i.indexrelid = to_regclass(%s || '.' || name) AND i.indisunique AND i.indisvalid)
LIMIT 1
"""


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
            for problem in (_server(db), _tables(db), _role(db)):
                if problem:
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


def _server(db: Connection) -> str:
    if db.info.server_version < MIN_SERVER:
        return f"PostgreSQL {db.info.server_version // 10000} is too old: the log needs 14 or later"
    found = db.execute(_UNSAFE_SETTINGS).fetchall()
    if not found:
        return ""
    return f"this server would lose or refuse records: {', '.join(text for (text,) in found)}"


def _tables(db: Connection) -> str:
    how = "have their owner run `python -m audit_svc.migrate`"
    if _one(db, "SELECT to_regclass(%s)", f"{SCHEMA}.schema_version") == (None,):
        return f"the database has no log's tables: {how}"
    (version,) = _one(db, "SELECT max(version) FROM schema_version")
    if version != SCHEMA_VERSION:
        return (
            f"the database has schema {version}; this service knows {SCHEMA_VERSION}: {how} of this release"
        )
    if found := _one(db, _UNGUARDED, SCHEMA):
        return f"table {found[0]} has lost a trigger that keeps its rows: find out who dropped it"
    if found := _one(db, _UNIQUE, SCHEMA):
        return f"the unique index {found[0]} is gone: find out who dropped it, and run `placet audit verify`"
    return ""


def _role(db: Connection) -> str:
    found = _one(db, _TOO_STRONG, SCHEMA)
    if not found:
        return ""
    role, table = found
    return (
        f"the service connects as a role that could change records (through role {role}, table {table}). "
        "Use a role that has what `python -m audit_svc.migrate` grants, and nothing else"
    )


def _one(db: Connection, sql: str, *values: object) -> Sequence[object]:
    """The first row, or an empty one."""
    return db.execute(sql.encode(), values).fetchone() or ()
