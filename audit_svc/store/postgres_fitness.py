"""Whether a PostgreSQL database is fit to keep a log: what it commits stays, and this role cannot change it.

Knows server settings, privileges, triggers and indexes. Must not know rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from audit_svc.store.types import SCHEMA_VERSION
from placet.audit.postgres import SCHEMA, Connection

MIN_SERVER: Final = 140000
"""PostgreSQL 14."""

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

_STRANGE: Final = """
WITH own AS (
  SELECT oid, relname, relpersistence, relrowsecurity FROM pg_class
  WHERE relnamespace = to_regnamespace(%s) AND relkind IN ('r', 'p'))
SELECT relname, 'is lost in a crash: it is not logged' FROM own WHERE relpersistence <> 'p'
UNION ALL SELECT relname, 'hides rows by row security' FROM own WHERE relrowsecurity
UNION ALL SELECT relname, 'has the rule ' || rulename FROM own JOIN pg_rewrite ON ev_class = own.oid
UNION ALL SELECT relname, 'has the trigger ' || tgname || ', which is not its own' FROM own
  JOIN pg_trigger ON tgrelid = own.oid
  WHERE NOT tgisinternal AND tgname NOT IN (relname || '_kept', relname || '_fixed')
LIMIT 1
"""


def unfit(db: Connection) -> str:
    """Why the log cannot be kept there, with what to do; empty when it can. Raises psycopg.Error."""
    return _server(db) or _tables(db) or _role(db)


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
    if found := _one(db, _STRANGE, SCHEMA):
        return f"table {found[0]} {found[1]}: find out who did that"
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
