"""What a query finds is what its filters say of the records' bytes (docs/audit-format.md §10)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit_svc.store.postgres import PostgresStore
from audit_svc.store.sqlite import SqliteStore
from audit_svc.store.types import Growth, NewEntry, Store
from placet.audit import finding
from placet.audit.columns import columns_of, words_of
from placet.audit.query import Query
from placet.audit.reader import LogReader
from placet.audit.reader_postgres import PostgresReader
from placet.audit.record import Record
from tests.fakes.any_records import BODIES, CALLER, FINDING, SCOPE, record
from tests.fakes.postgres import Cluster

CALLERS = (CALLER, "spiffe://placet.local/caller/other")
SCOPES = ("data-analysis", "reports")
RULES = ("capability.process.os", "threat.obfuscation.decode_exec")
MESSAGES = ("imports os", "décode exec", "reads a FILE outside")
SIZE = 240


def _record(i: int) -> Record:
    """Varied in everything that can be searched, and the same every time."""
    kinds = ("verdict_reached", "task_received", "heartbeat", "run_finished", "caller_paused")
    kind = kinds[i % 5 if i % 7 else 0]
    body = dict(BODIES[kind])
    if "caller" in body:
        body["caller"] = CALLERS[(i // 3) % 2]
    if kind == "verdict_reached":
        body["scope"] = SCOPE | {"name": SCOPES[(i // 2) % 2]}
        body["verdict"] = ("ALLOWED", "DENIED", "NEEDS_REVIEW")[i % 3]
        found = FINDING | {"rule_id": RULES[i % 2], "message": MESSAGES[(i // 4) % 3]}
        body["findings"] = [found, found] if i % 3 else []
    time = f"2026-11-29T12:{i // 8:02}:00.000000Z"  # eight records share each time
    return record(kind, body, time=time, request_id=f"r{i % 11}" if i % 5 else "")


RECORDS = [_record(i) for i in range(SIZE)]


def fill(store: Store) -> None:
    assert store.lead()
    entries = [NewEntry.of(i, each, each.encode()) for i, each in enumerate(RECORDS)]
    store.commit(Growth(entries, (), SIZE, "note"))
    store.close()


@pytest.fixture(scope="module")
def sqlite_reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LogReader]:
    database = tmp_path_factory.mktemp("log") / "audit.sqlite"
    fill(SqliteStore(database))
    with LogReader(database) as opened:
        yield opened


@pytest.fixture(scope="module")
def postgres_reader(postgres: Cluster) -> Iterator[LogReader]:
    database = postgres.new_log()
    fill(PostgresStore(database.as_service))
    with PostgresReader(database.as_reader) as opened:
        yield opened


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def reader(request: pytest.FixtureRequest) -> LogReader:
    opened: LogReader = request.getfixturevalue(f"{request.param}_reader")
    return opened


def holds(each: Record, query: Query) -> bool:
    """MUST 10.1, written down a second time."""
    columns = columns_of(each)
    return (
        query.request_id in ("", each.request_id)
        and query.kind in ("", each.kind)
        and query.caller in ("", columns.caller)
        and query.scope in ("", columns.scope)
        and query.verdict in ("", columns.verdict)
        and (not query.rule or query.rule in columns.rules)
        and (not query.since or each.time >= query.since)
        and (not query.until or each.time < query.until)
        and (
            not query.text or (bool(words_of(query.text)) and set(words_of(query.text)) <= set(columns.words))
        )
    )


def expected(query: Query) -> list[int]:
    found = [i for i, each in enumerate(RECORDS) if holds(each, query)]
    if query.from_index:
        found = [i for i in found if (i < query.from_index if query.descending else i >= query.from_index)]
    return (found[::-1] if query.descending else found)[: query.limit]


def maybe(*values: str) -> st.SearchStrategy[str]:
    return st.just("") | st.sampled_from(values)


TIMES = tuple(f"2026-11-29T12:{minute:02}:00.000000Z" for minute in (0, 3, 17, 29, 45))
queries = st.builds(
    Query,
    request_id=maybe("r1", "r7", "no such request"),
    kind=maybe("verdict_reached", "heartbeat", "caller_paused", "nonsense"),
    caller=maybe(*CALLERS, "nobody"),
    scope=maybe(*SCOPES, "no scope"),
    verdict=maybe("ALLOWED", "DENIED", "NEEDS_REVIEW"),
    rule=maybe(*RULES, "no.rule"),
    since=maybe(*TIMES),
    until=maybe(*TIMES),
    text=maybe("os", "IMPORTS os", "decode", "décode EXEC", "file os", "…", '" OR x', "imports* NOT os"),
    from_index=st.integers(0, SIZE + 5),
    limit=st.integers(1, 60),
    descending=st.booleans(),
)


@settings(max_examples=200, deadline=None)
@given(query=queries)
def test_a_record_is_found_when_and_only_when_every_filter_holds(reader: LogReader, query: Query) -> None:
    """MUST 10.1: when and only when every named filter holds of its bytes."""
    assert [entry.index for entry in reader.find(query)] == expected(query)


@settings(max_examples=200, deadline=None)
@given(query=queries, cost=st.sampled_from([0, 10**6]))
def test_words_are_found_whichever_index_is_walked(sqlite_reader: LogReader, query: Query, cost: int) -> None:
    """MUST 10.1: on small logs and on large ones, where the index of words is walked rather than asked."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(finding, "COST_OF_ASKING", cost)
        patch.setattr(finding, "COUNTED", 2)
        assert [entry.index for entry in sqlite_reader.find(query)] == expected(query)


@settings(max_examples=60, deadline=None)
@given(query=queries, page=st.integers(1, 50))
def test_pages_hold_each_record_once_in_order(reader: LogReader, query: Query, page: int) -> None:
    """MUST 10.2: in log order or in its reverse, each record once."""
    everything = expected(replace(query, from_index=0, limit=SIZE))
    seen: list[int] = []
    place = 0
    while found := [entry.index for entry in reader.find(replace(query, from_index=place, limit=page))]:
        seen += found
        place = found[-1] + (0 if query.descending else 1)
        if place == 0 and query.descending:
            break

    assert seen == everything


def plan(reader: LogReader, sql: str, values: Sequence[object]) -> str:
    return " ".join(str(row[3]) for row in reader._rows(f"EXPLAIN QUERY PLAN {sql}", *values))


@settings(max_examples=150, deadline=None)
@given(query=queries)
def test_no_query_reads_the_records_that_it_passes_over(sqlite_reader: LogReader, query: Query) -> None:
    """Filters are answered by covering indexes, and nothing is sorted: that is what keeps a page fast.

    A request has few records; those are read.
    """
    plans: list[str] = []

    def rows(sql: str, *values: object) -> Iterator[tuple[object, ...]]:
        plans.append(plan(sqlite_reader, sql, values))
        return sqlite_reader._rows(sql, *values)

    finding.indexes(rows, query)
    for each in plans:
        assert "TEMP B-TREE" not in each
        for step in each.split("SEARCH ")[1:]:
            assert any(
                word in step for word in ("COVERING INDEX", "VIRTUAL TABLE", "PRIMARY KEY", "by_request")
            ), each
