"""The log's tables in PostgreSQL, who may do what with them, and how one version of them becomes the next.

Knows docs/audit-format.md §7. Run by the tables' owner; the service only checks the outcome.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from audit_svc.store.postgres_session import MIGRATION_LOCK
from audit_svc.store.roles import Roles
from audit_svc.store.types import SCHEMA_VERSION, StoreFailed
from placet.audit.postgres import SCHEMA, Connection

KEPT: Final = (
    "log_entry",
    "finding_rule",
    "entry_text",
    "tile",
    "checkpoint",
    "cosignature",
    "schema_version",
)
"""Tables in which nothing is ever changed or deleted; in `body` content may be erased, and nothing else."""
TABLES: Final = (*KEPT, "body")

_TABLES_2: Final = r"""
CREATE TABLE schema_version (version integer PRIMARY KEY, since timestamptz NOT NULL DEFAULT now());
CREATE TABLE log_entry (
  idx bigint PRIMARY KEY CHECK (idx >= 0),
  leaf bytea NOT NULL,
  leaf_hash bytea NOT NULL,
  kind text NOT NULL,
  request_id text NOT NULL,
  actor text NOT NULL,
  approval_id text NOT NULL,
  idempotency_key text NOT NULL,
  time text NOT NULL,
  caller text NOT NULL,
  scope text NOT NULL,
  verdict text NOT NULL
);
CREATE UNIQUE INDEX spent_once ON log_entry (approval_id) WHERE kind = 'run_started';
CREATE UNIQUE INDEX retried_once ON log_entry (actor, idempotency_key) WHERE idempotency_key <> '';
CREATE INDEX by_request ON log_entry (request_id, idx) WHERE request_id <> '';
CREATE INDEX by_kind ON log_entry (kind, idx, caller, scope, verdict);
CREATE INDEX by_time ON log_entry (time, idx);
CREATE INDEX by_caller ON log_entry (caller, idx, kind, scope, verdict) WHERE caller <> '';
CREATE INDEX by_scope ON log_entry (scope, idx, kind, caller, verdict) WHERE scope <> '';
CREATE INDEX by_verdict ON log_entry (verdict, idx, kind, caller, scope) WHERE verdict <> '';
CREATE TABLE finding_rule (idx bigint NOT NULL, rule text NOT NULL, PRIMARY KEY (idx, rule));
CREATE INDEX by_rule ON finding_rule (rule, idx);
CREATE TABLE entry_text (idx bigint PRIMARY KEY, words text[] NOT NULL);
CREATE INDEX by_word ON entry_text USING gin (words);
CREATE TABLE body (
  idx bigint NOT NULL,
  role text NOT NULL,
  class text NOT NULL,
  salt bytea,
  content bytea,
  erased_by bigint,
  PRIMARY KEY (idx, role),
  CHECK ((salt IS NULL) = (content IS NULL) AND (content IS NULL) = (erased_by IS NOT NULL))
);
ALTER TABLE body ALTER COLUMN content SET STORAGE EXTERNAL;
ALTER TABLE body SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 0,
  toast.autovacuum_vacuum_scale_factor = 0, toast.autovacuum_vacuum_threshold = 0);
CREATE TABLE tile (
  level integer NOT NULL, idx bigint NOT NULL, hashes bytea NOT NULL, PRIMARY KEY (level, idx)
);
CREATE TABLE checkpoint (size bigint PRIMARY KEY, note text NOT NULL);
CREATE TABLE cosignature (
  size bigint NOT NULL, witness text NOT NULL, line text NOT NULL, PRIMARY KEY (size, witness)
);
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'append-only: % of % is refused', lower(TG_OP), TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation';
END$$;
CREATE FUNCTION only_erase() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.content IS NULL OR NEW.content IS NOT NULL
    OR (NEW.idx, NEW.role, NEW.class) IS DISTINCT FROM (OLD.idx, OLD.role, OLD.class) THEN
    RAISE EXCEPTION 'erase, never change' USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END$$;
CREATE FUNCTION erase_body(by_record bigint, of_record bigint, of_role text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = {schema}, pg_temp AS $$
BEGIN
  IF NOT EXISTS (
    SELECT FROM log_entry WHERE idx = by_record AND kind = 'bodies_erased'
      AND replace(convert_from(leaf, 'UTF8'), '\u0000', '\ufffd')::jsonb #> '{{body,erased}}'
        @> jsonb_build_array(jsonb_build_object('index', of_record, 'role', of_role))
  ) THEN
    RAISE EXCEPTION 'record % does not say that it erases % of record %', by_record, of_role, of_record
      USING ERRCODE = 'restrict_violation';
  END IF;
  UPDATE body SET salt = NULL, content = NULL, erased_by = by_record
    WHERE idx = of_record AND idx < by_record AND role = of_role AND content IS NOT NULL;
END$$;
REVOKE EXECUTE ON FUNCTION erase_body FROM PUBLIC;
CREATE TRIGGER body_fixed BEFORE UPDATE ON body FOR EACH ROW EXECUTE FUNCTION only_erase();
CREATE TRIGGER body_kept BEFORE DELETE OR TRUNCATE ON body FOR EACH STATEMENT EXECUTE FUNCTION refuse();
ALTER TABLE body ENABLE ALWAYS TRIGGER body_fixed;
ALTER TABLE body ENABLE ALWAYS TRIGGER body_kept;
"""
# The first version is 2: the same tables as SQLite's schema 2, so that one number means one thing.
# A text of PostgreSQL's, and so its jsonb, holds no NUL; a record's string may.
# EXTERNAL: outputs and images are not worth compressing. Eager vacuum: what was erased goes soon.

_KEPT_2: Final = """
CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION refuse();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_kept;
"""

MIGRATIONS: Final[Mapping[int, str]] = {
    2: _TABLES_2.format(schema=SCHEMA) + "".join(_KEPT_2.format(table=table) for table in KEPT)
}
"""Version → the statements that lead to it from the version before."""


def migrate(db: Connection, roles: Roles) -> list[int]:
    """Bring the tables to the present version and grant the roles what they need; all or nothing.

    Returns the versions that were reached on the way. Safe to repeat, and to run from two places at a time.
    Raises psycopg.Error, and StoreFailed for another role than the owner or a database of a later version.
    """
    if db.info.user != roles.owner:
        raise StoreFailed(f"run this as {roles.owner}, who is to own the tables, not as {db.info.user}")
    with db.transaction():
        db.execute("SELECT pg_advisory_xact_lock(%s)", (MIGRATION_LOCK,))
        db.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        version = _version(db)
        if version > SCHEMA_VERSION:
            raise StoreFailed(f"the database has schema {version}; this program knows {SCHEMA_VERSION}")
        steps = [step for step in sorted(MIGRATIONS) if step > version]
        for step in steps:
            db.execute(MIGRATIONS[step])
            db.execute("INSERT INTO schema_version (version) VALUES (%s)", (step,))
        for grant in _grants(roles):
            db.execute(grant)
    return steps


def _version(db: Connection) -> int:
    """0 for a database without a log."""
    if db.execute("SELECT to_regclass(%s)", (f"{SCHEMA}.schema_version",)).fetchone() == (None,):
        return 0
    found = db.execute("SELECT coalesce(max(version), 0) FROM schema_version").fetchone()
    return int(found[0]) if found else 0


def _grants(roles: Roles) -> list[str]:
    """Everybody else has nothing. The names are plain (`Roles`), the tables ours."""
    tables = ", ".join(TABLES)
    written = ", ".join(table for table in TABLES if table != "schema_version")
    return [
        f"REVOKE ALL ON SCHEMA {SCHEMA} FROM PUBLIC",
        f"GRANT USAGE ON SCHEMA {SCHEMA} TO {roles.service}, {roles.reader}",
        f"REVOKE ALL ON {tables} FROM PUBLIC, {roles.service}, {roles.reader}",
        f"GRANT SELECT ON {tables} TO {roles.service}, {roles.reader}",
        f"GRANT INSERT ON {written} TO {roles.service}",
        f"GRANT EXECUTE ON FUNCTION erase_body TO {roles.service}",
    ]
