"""The log's tables in SQLite (docs/audit-format.md §7), and what guards their rows.

Statements only; must not be changed without a new schema version and a way to it.
"""

from __future__ import annotations

from typing import Final

SCHEMA: Final = """
CREATE TABLE log_entry (
  idx INTEGER PRIMARY KEY,
  leaf BLOB NOT NULL,
  leaf_hash BLOB NOT NULL,
  kind TEXT NOT NULL,
  request_id TEXT NOT NULL,
  actor TEXT NOT NULL,
  approval_id TEXT NOT NULL,
  idempotency_key TEXT NOT NULL,
  time TEXT NOT NULL,
  caller TEXT NOT NULL,
  scope TEXT NOT NULL,
  verdict TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX spent_once ON log_entry (approval_id) WHERE kind = 'run_started';
CREATE UNIQUE INDEX retried_once ON log_entry (actor, idempotency_key) WHERE idempotency_key <> '';
CREATE INDEX by_request ON log_entry (request_id, idx) WHERE request_id <> '';
CREATE INDEX by_kind ON log_entry (kind, idx, caller, scope, verdict);
CREATE INDEX by_time ON log_entry (time, idx);
CREATE INDEX by_caller ON log_entry (caller, idx, kind, scope, verdict) WHERE caller <> '';
CREATE INDEX by_scope ON log_entry (scope, idx, kind, caller, verdict) WHERE scope <> '';
CREATE INDEX by_verdict ON log_entry (verdict, idx, kind, caller, scope) WHERE verdict <> '';
CREATE TABLE finding_rule (
  idx INTEGER NOT NULL, rule TEXT NOT NULL, PRIMARY KEY (idx, rule)
) STRICT, WITHOUT ROWID;
CREATE INDEX by_rule ON finding_rule (rule, idx);
CREATE VIRTUAL TABLE entry_text USING fts5 (words, content = '');
CREATE TABLE body (
  idx INTEGER NOT NULL,
  role TEXT NOT NULL,
  class TEXT NOT NULL,
  salt BLOB,
  content BLOB,
  erased_by INTEGER,
  PRIMARY KEY (idx, role),
  CHECK ((salt IS NULL) = (content IS NULL) AND (content IS NULL) = (erased_by IS NOT NULL))
) STRICT;
CREATE INDEX kept_by_class ON body (class, idx) WHERE content IS NOT NULL;
CREATE TABLE tile (
  level INTEGER NOT NULL, idx INTEGER NOT NULL, hashes BLOB NOT NULL, PRIMARY KEY (level, idx)
) STRICT;
CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, note TEXT NOT NULL) STRICT;
CREATE TABLE cosignature (
  size INTEGER NOT NULL, witness TEXT NOT NULL, line TEXT NOT NULL, PRIMARY KEY (size, witness)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER log_entry_kept BEFORE DELETE ON log_entry BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER log_entry_fixed BEFORE UPDATE ON log_entry BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER finding_rule_kept BEFORE DELETE ON finding_rule BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER finding_rule_fixed BEFORE UPDATE ON finding_rule BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER tile_kept BEFORE DELETE ON tile BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER tile_fixed BEFORE UPDATE ON tile BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER checkpoint_kept BEFORE DELETE ON checkpoint BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER checkpoint_fixed BEFORE UPDATE ON checkpoint BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER cosignature_kept BEFORE DELETE ON cosignature BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER cosignature_fixed BEFORE UPDATE ON cosignature BEGIN SELECT RAISE(ABORT, 'append-only'); END;
CREATE TRIGGER body_kept BEFORE DELETE ON body BEGIN SELECT RAISE(ABORT, 'erase, never delete'); END;
CREATE TRIGGER body_fixed BEFORE UPDATE ON body
  WHEN old.content IS NULL OR new.content IS NOT NULL OR new.idx <> old.idx OR new.role <> old.role
    OR new.class <> old.class
  BEGIN SELECT RAISE(ABORT, 'erase, never change'); END;
"""
"""One statement ends where a line ends with a semicolon."""

GUARDS: Final = """
SELECT name, sql FROM sqlite_master WHERE type = 'trigger' OR sql LIKE 'CREATE UNIQUE INDEX%'
"""
"""Triggers and unique indexes, with the statements that made them."""
