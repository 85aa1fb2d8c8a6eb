"""The log's PostgreSQL database: who may do what in it, and what the service refuses to work with."""

from __future__ import annotations

import psycopg
import pytest

from audit_svc.migrate import main as migrate
from audit_svc.store.postgres import PostgresStore
from audit_svc.store.postgres_schema import TABLES
from audit_svc.store.types import BodyKey, Growth, NewEntry, StoreFailed
from placet.audit.postgres import SCHEMA, checked
from placet.audit.reader import StoredBody
from placet.audit.record import BodyRef, Record, body_digest
from tests.fakes.postgres import Cluster, Database

COLUMN = {"schema_version": "version", "checkpoint": "size", "cosignature": "size"}
AUDIT = "spiffe://placet.local/svc/audit"


def entry(index: int, kind: str = "heartbeat", body: dict | None = None, **bodies: bytes) -> NewEntry:
    stored = tuple(StoredBody(role, b"s" * 16, content) for role, content in bodies.items())
    record = Record(
        log="placet.local/log",
        time="2026-01-01T00:00:00.000000Z",
        kind=kind,
        request_id="r",
        actor=AUDIT,
        body=body or {"size": index},
        bodies=tuple(BodyRef(b.role, body_digest(b.salt, b.content), len(b.content)) for b in stored),
    )
    return NewEntry.of(index, record, record.encode(), stored)


def grown(*entries: NewEntry) -> Growth:
    size = entries[-1].entry.index + 1
    return Growth(entries, (), size, f"note {size}")


def erasure(index: int, *keys: BodyKey, says: list[dict] | None = None) -> NewEntry:
    """A record that erases `keys` and says so, or says something else."""
    erased = [{"index": key.index, "role": key.role} for key in keys] if says is None else says
    plain = entry(
        index, "bodies_erased", {"by": AUDIT, "reason": "asked", "erased": erased, "note": "a\0b \\u0000"}
    )
    return NewEntry(plain.entry, plain.bodies, plain.rules, plain.words, keys)


@pytest.fixture
def store(postgres_log: Database) -> PostgresStore:
    """A leading store over an empty log."""
    store = PostgresStore(postgres_log.as_service)
    assert store.lead()
    return store


@pytest.mark.parametrize("role", ["as_service", "as_owner", "as_superuser"])
def test_nobody_changes_or_deletes_a_row(store: PostgresStore, postgres_log: Database, role: str) -> None:
    """§7.4. The service for want of the right, the owner and the superuser because of the triggers."""
    refusal = (
        psycopg.errors.InsufficientPrivilege if role == "as_service" else psycopg.errors.RestrictViolation
    )
    store.commit(grown(entry(0, task=b"x")))
    store.cosign(1, {"w": "line"})
    with psycopg.connect(getattr(postgres_log, role), autocommit=True) as db:
        for table in TABLES:
            column = COLUMN.get(table, "idx")
            before = db.execute(f"SELECT * FROM {SCHEMA}.{table}").fetchall()
            for statement in (f"UPDATE {{}} SET {column} = 5", "DELETE FROM {}", "TRUNCATE {}"):
                with pytest.raises(refusal):
                    db.execute(statement.format(f"{SCHEMA}.{table}"))
            assert db.execute(f"SELECT * FROM {SCHEMA}.{table}").fetchall() == before


def test_the_reader_reads_and_cannot_write(store: PostgresStore, postgres_log: Database) -> None:
    store.commit(grown(entry(0)))
    with psycopg.connect(postgres_log.as_reader) as db:
        assert db.execute(f"SELECT count(*) FROM {SCHEMA}.log_entry").fetchone() == (1,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            db.execute(f"INSERT INTO {SCHEMA}.checkpoint VALUES (9, 'x')")


def test_a_body_is_erased_beside_the_record_that_says_so(store: PostgresStore) -> None:
    store.commit(grown(entry(0, task=b"secret", program=b"kept")))
    store.commit(grown(erasure(1, BodyKey(0, "task"))))

    assert set(store.salts(0)) == {"program"}


@pytest.mark.parametrize(
    "says",
    [[], [{"index": 0, "role": "program"}], [{"index": 1, "role": "task"}]],
    ids=["nothing", "another role", "another record"],
)
def test_a_body_is_not_erased_by_a_record_that_does_not_name_it(store: PostgresStore, says: list) -> None:
    """§7.10: it MUST refuse unless the record names the body."""
    store.commit(grown(entry(0, task=b"secret", program=b"kept")))
    with pytest.raises(StoreFailed, match="does not say"):
        store.commit(grown(erasure(1, BodyKey(0, "task"), says=says)))

    assert set(store.salts(0)) == {"task", "program"}
    assert store.size() == 1


def test_a_body_is_not_erased_by_a_record_of_another_kind(
    store: PostgresStore, postgres_log: Database
) -> None:
    body = {"size": 1, "erased": [{"index": 0, "role": "task"}]}
    store.commit(grown(entry(0, task=b"secret"), entry(1, "heartbeat", body)))
    with psycopg.connect(postgres_log.as_service) as db, pytest.raises(psycopg.errors.RestrictViolation):
        db.execute(f"SELECT {SCHEMA}.erase_body(1, 0, 'task')")


def test_one_process_leads_and_the_next_one_when_it_is_gone(postgres_log: Database) -> None:
    first, second = PostgresStore(postgres_log.as_service), PostgresStore(postgres_log.as_service)
    assert first.lead()
    assert first.lead()
    assert not second.lead()
    with pytest.raises(StoreFailed, match="does not lead"):
        second.commit(grown(entry(0)))
    first.close()

    assert second.lead()
    second.commit(grown(entry(0)))
    assert second.size() == 1
    second.close()


def test_a_cut_connection_takes_the_lead_with_it(postgres_log: Database) -> None:
    first, second = PostgresStore(postgres_log.as_service), PostgresStore(postgres_log.as_service)
    assert first.lead()
    with psycopg.connect(postgres_log.as_superuser, autocommit=True) as db:
        db.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database = "
            "(SELECT oid FROM pg_database WHERE datname = current_database())"
        )
    with pytest.raises(StoreFailed):
        first.commit(grown(entry(0)))
    assert second.lead()

    assert not first.lead()
    assert second.size() == 0


def test_a_server_that_crashes_keeps_what_was_committed(postgres: Cluster) -> None:
    store = PostgresStore(postgres.new_log().as_service)
    assert store.lead()
    store.commit(grown(entry(0), entry(1)))
    postgres.crash()
    with pytest.raises(StoreFailed):
        store.commit(grown(entry(2)))
    postgres.start()

    with pytest.raises(StoreFailed, match="lost"):
        store.size()
    assert store.lead()
    assert store.size() == 2
    assert [index for index, _ in store.leaf_hashes()] == [0, 1]
    assert store.last_checkpoint() == "note 2"
    store.close()


def test_a_lock_lent_out_by_a_pooler_is_noticed(store: PostgresStore, postgres_log: Database) -> None:
    """§7.11. Behind a pooler, another server session is used than the one that took the lock."""
    locked, store._db = store._db, PostgresStore(postgres_log.as_service)._db
    with pytest.raises(StoreFailed, match="does not lead"):
        store.commit(grown(entry(0)))
    locked.close()


@pytest.mark.parametrize("role", ["as_owner", "as_superuser"])
def test_the_service_refuses_a_role_that_could_change_records(postgres_log: Database, role: str) -> None:
    """§7.9: when its role could UPDATE, DELETE, TRUNCATE or add triggers."""
    with pytest.raises(StoreFailed, match="could change records"):
        PostgresStore(getattr(postgres_log, role))


@pytest.mark.parametrize(
    "grant",
    [
        "GRANT UPDATE (leaf) ON {}.log_entry TO placet_log",
        "GRANT DELETE ON {}.body TO placet_log",
        "GRANT TRUNCATE ON {}.tile TO PUBLIC",
        "GRANT placet_owner TO placet_log",
    ],
)
def test_the_service_refuses_more_rights_than_it_needs(postgres: Cluster, grant: str) -> None:
    database = postgres.new_log()
    with psycopg.connect(database.as_superuser, autocommit=True) as db:
        db.execute(grant.format(SCHEMA))
        try:
            with pytest.raises(StoreFailed, match="could change records"):
                PostgresStore(database.as_service)
        finally:
            db.execute("REVOKE placet_owner FROM placet_log")


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("ALTER TABLE {}.log_entry DISABLE TRIGGER log_entry_kept", "log_entry has lost"),
        ("DROP TRIGGER tile_kept ON {}.tile", "tile has lost"),
        ("ALTER TABLE {}.body ENABLE TRIGGER body_fixed", "body has lost"),  # not in a replica's session
        ("DROP INDEX {}.spent_once", "spent_once is gone"),
        ("ALTER TABLE {}.log_entry SET UNLOGGED", "log_entry is lost in a crash"),
        ("ALTER TABLE {}.log_entry ENABLE ROW LEVEL SECURITY", "log_entry hides rows"),
        ("CREATE RULE r AS ON INSERT TO {}.log_entry DO INSTEAD NOTHING", "log_entry has the rule r"),
        (
            "CREATE TRIGGER t BEFORE INSERT ON {0}.body FOR EACH ROW EXECUTE FUNCTION {0}.refuse()",
            "trigger t",
        ),
    ],
)
def test_the_service_refuses_tables_without_their_guards(
    postgres_log: Database, change: str, what: str
) -> None:
    """§7.9: when a table has lost a trigger or a unique index, has got a rule …"""
    with psycopg.connect(postgres_log.as_superuser, autocommit=True) as db:
        db.execute(change.format(SCHEMA))

    with pytest.raises(StoreFailed, match=what):
        PostgresStore(postgres_log.as_service)


@pytest.mark.parametrize("setting", ["synchronous_commit = off", "default_transaction_read_only = on"])
def test_the_service_refuses_a_server_that_would_lose_records(postgres: Cluster, setting: str) -> None:
    database = postgres.new_log()
    with psycopg.connect(database.as_superuser, autocommit=True) as db:
        db.execute(f"ALTER DATABASE {database.name} SET {setting}")

    with pytest.raises(StoreFailed, match="would lose or refuse records"):
        PostgresStore(database.as_service)


def test_the_service_refuses_a_database_without_tables_and_says_what_to_do(postgres: Cluster) -> None:
    with pytest.raises(StoreFailed, match=r"python -m audit_svc\.migrate"):
        PostgresStore(postgres.new_database().as_service)


def test_the_owner_migrates_once_and_again(postgres: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    database = postgres.new_database()
    assert migrate([database.as_owner]) == 0
    assert "reached schema 2" in capsys.readouterr().err
    assert migrate([database.as_owner]) == 0
    assert "is there" in capsys.readouterr().err
    assert migrate([database.as_service]) == 1
    assert migrate([database.as_superuser]) == 1
    PostgresStore(database.as_service).close()


def test_a_later_schema_is_refused_by_both(postgres: Cluster, capsys: pytest.CaptureFixture[str]) -> None:
    database = postgres.new_log()
    with psycopg.connect(database.as_owner) as db:
        db.execute(f"INSERT INTO {SCHEMA}.schema_version VALUES (99)")

    assert migrate([database.as_owner]) == 1
    assert "schema 99" in capsys.readouterr().err
    with pytest.raises(StoreFailed, match="schema 99"):
        PostgresStore(database.as_service)


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("mysql://log@/x?host=/run", "must begin"),
        ("/var/lib/audit.sqlite", "must begin"),
        ("postgresql://log:secret@localhost/x", "password"),
        ("postgresql://log@localhost/x?password=secret", "password"),
        ("postgresql:///x", "no host"),
        ("postgresql://log@db.example/x", "verify-full"),
        ("postgresql://log@db.example/x?sslmode=require", "verify-full"),
        ("postgresql://log@localhost,db.example/x", "verify-full"),
        ("postgresql://log@/x?host=/run&nonsense=1", "cannot be read"),
    ],
)
def test_an_address_that_is_not_safe_is_refused(address: str, why: str) -> None:
    """§7.12."""
    with pytest.raises(ValueError, match=why) as refused:
        checked(address)

    assert "secret" not in str(refused.value)


def test_an_address_keeps_what_it_says_and_gets_time_limits() -> None:
    found = checked("postgresql://log@db.example/x?sslmode=verify-full&connect_timeout=9")

    assert "connect_timeout=9" in found
    assert "tcp_user_timeout=10000" in found
