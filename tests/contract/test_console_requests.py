"""The list of requests and the overview's counts, over a log in either database."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from audit_svc.console import earlier, requests
from audit_svc.console.earlier import Overview, count_back
from audit_svc.console.hours import DAYS, Hours, day_of
from audit_svc.console.names import Names
from audit_svc.console.requests import Page, Requests
from audit_svc.draft import Draft
from placet.audit.client import Appended
from placet.audit.columns import columns_of, words_of
from placet.audit.query import Query
from placet.audit.reader import LogReader
from placet.audit.reader_postgres import PostgresReader
from placet.audit.record import Record
from placet.rpc.identity import caller_uri, reviewer_uri, service_uri
from tests.fakes.audit_world import OTHER_SHA256, World, Writer, verdict
from tests.fakes.console_log import console_log
from tests.fakes.console_pages import WorldLog
from tests.fakes.postgres import Database

SCOPES = ("shop", "reports")
CALLERS = ("ana", "ben")
RULES = ("capability.network.connect", "threat.loop.endless")


class Teller:
    """Appends whole requests, of every kind of ending, by chance but always the same."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._chance = random.Random(7)
        self._numbers = count()

    async def tell(self, number: int) -> None:
        """So many requests, the records of which lie among one another."""
        lives = [self._life(f"r{next(self._numbers):03}") for _ in range(number)]
        while lives:
            life = self._chance.choice(lives)
            try:
                kind, actor, body, request_id = next(life)
            except StopIteration:
                lives.remove(life)
                continue
            await self.append(kind, actor, body, request_id)

    async def append(self, kind: str, actor: str, body: dict[str, object], request_id: str) -> Appended:
        return await self._writer.sequencer.append(Draft(kind, request_id, actor, body))

    async def silence(self) -> None:
        await self.append("heartbeat", service_uri("audit"), {"size": 1}, "")

    async def read(self, request_id: str) -> None:
        """Somebody looks at it."""
        body: dict[str, object] = {"reader": reviewer_uri("kim"), "indexes": [0]}
        await self.append("records_read", service_uri("audit"), body, request_id)

    def _life(self, request_id: str):  # type: ignore[no-untyped-def]  # tuples of Teller.append
        chance = self._chance
        scope = {"name": chance.choice(SCOPES), "version": 1, "sha256": "5" * 64}
        caller = caller_uri(chance.choice(CALLERS))
        named = {"task_sha256": OTHER_SHA256, "caller": caller, "scope": scope}
        guard, generator = service_uri("guard"), service_uri("generator")
        if by_task := chance.random() < 0.5:
            yield "task_received", generator, {**named, "inputs": []}, request_id
        said = chance.choice(("ALLOWED", "DENIED", "NEEDS_REVIEW"))
        found = [
            {"rule_id": rule, "severity": "LOW", "line": 1, "message": "reads sales"}
            for rule in RULES
            if said != "ALLOWED" and chance.random() < 0.6
        ]
        body = verdict(verdict=said, scope=scope, caller=caller, findings=found)
        yield "verdict_reached", guard, body, request_id
        if said == "NEEDS_REVIEW" and chance.random() < 0.5:
            answer = verdict(verdict="DENIED", scope=scope, caller=caller, decided_by="human:kim")
            yield "verdict_reached", reviewer_uri("kim"), answer, request_id
        if by_task:
            yield "task_finished", generator, {"outcome": "done"}, request_id


@asynccontextmanager
async def told(world: World) -> AsyncIterator[tuple[LogReader, Teller, WorldLog]]:
    async with console_log(world) as (log, writer):
        with world.reader() as reader:
            yield reader, Teller(writer), log


def clock_at(time: datetime) -> Callable[[], datetime]:
    return lambda: time


def names(page: Page) -> list[str]:
    return [row.request_id for row in page.rows]


def by_hand(reader: LogReader, query: Query) -> list[str]:
    """The requests of which some record matches, by where the first such record stands, the newest first."""
    first: dict[str, int] = {}
    for entry in reader.entries():
        columns = columns_of(Record.decode(entry.leaf))
        named = query.filters
        words, rule = named.pop("text", ""), named.pop("rule", "")
        since, until = named.pop("since", ""), named.pop("until", "")
        begins = bool(named or words or rule) or entry.kind in requests.BEGINNINGS
        if (
            entry.request_id
            and since <= entry.time
            and (not until or entry.time < until)
            and begins
            and all(getattr(entry, name) == value for name, value in named.items())
            and (not rule or rule in columns.rules)
            and set(words_of(words)) <= set(columns.words)
        ):
            first.setdefault(entry.request_id, entry.index)
    return sorted(first, key=lambda request_id: -first[request_id])


QUERIES = [
    Query(),
    Query(verdict="DENIED"),
    Query(caller=caller_uri("ana")),
    Query(scope="shop", verdict="NEEDS_REVIEW"),
    Query(rule=RULES[0]),
    Query(rule=RULES[1], scope="reports"),
    Query(text="sales"),
    Query(text="kim"),
    Query(text="sales", verdict="DENIED", caller=caller_uri("ben")),
    Query(text=OTHER_SHA256),
    Query(scope="nobody's"),
]


async def test_each_request_that_matches_is_on_exactly_one_page(
    log_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "_AT_ONCE", 5)
    async with told(log_world) as (reader, teller, _):
        await teller.tell(30)
        for _ in range(10):
            await teller.silence()
        times = [entry.time for entry in reader.entries()]
        begin, end = times[len(times) // 4], times[-len(times) // 4]
        within = [replace(query, since=begin, until=end) for query in QUERIES]
        for query in [*QUERIES, *within, Query(since=begin), Query(until=end, verdict="DENIED")]:
            found: list[str] = []
            page = Requests(reader, query).page(number=4)
            found += names(page)
            while page.older is not None:
                page = Requests(reader, query).page(page.older, number=4)
                found += names(page)
            assert found == by_hand(reader, query), query


async def test_what_happens_meanwhile_moves_no_request_to_another_page(log_world: World) -> None:
    async with told(log_world) as (reader, teller, _):
        await teller.tell(12)
        before = names(Requests(reader, Query()).page())
        first = Requests(reader, Query()).page(number=5)
        await teller.tell(5)
        for request_id in before:
            await teller.read(request_id)
        rest = Requests(reader, Query()).page(first.older, number=100)
        assert names(first) + names(rest) == before
        assert names(Requests(reader, Query()).page())[5:] == before


async def test_a_page_passes_so_many_records_and_says_so(
    log_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "MAX_WALKED", 3)
    async with told(log_world) as (reader, teller, _):
        await teller.tell(10)
        page = Requests(reader, Query()).page()
        assert page.cut_short
        found = names(page)
        while page.older is not None:
            page = Requests(reader, Query()).page(page.older)
            found += names(page)
        assert found == by_hand(reader, Query())


async def test_a_changed_request_is_told_only_where_it_matches(log_world: World) -> None:
    async with told(log_world) as (reader, teller, _):
        await teller.tell(20)
        denied = by_hand(reader, Query(verdict="DENIED"))
        everything = by_hand(reader, Query())
        rows = Requests(reader, Query(verdict="DENIED")).rows([*everything, "unknown"])
        assert {row.request_id for row in rows} == set(denied)


async def test_a_row_says_who_asked_what_was_decided_and_how_it_ended(log_world: World) -> None:
    async with told(log_world) as (reader, teller, _):
        guard = service_uri("guard")
        found = [{"rule_id": RULES[0], "severity": "HIGH", "line": 1, "message": "m"}]
        caller = caller_uri("ana")
        body = verdict(verdict="DENIED", caller=caller, findings=found)
        await teller.append("verdict_reached", guard, body, "one")
        await teller.read("one")
        (row,) = Requests(reader, Query()).page().rows
        assert (row.caller, row.scope, row.verdict) == ("caller/ana", "data-analysis version 1", "DENIED")
        assert (row.rules, row.outcome, row.took_s) == ((RULES[0],), "denied", 0)


async def test_counting_back_gives_what_following_would_have_given(
    log_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(earlier, "PIECE", 7)
    async with told(log_world) as (reader, teller, log):
        await teller.tell(40)
        followed, size = Hours(), 0
        for entry in reader.entries():
            followed.follow(entry, Record.decode(entry.leaf))
            size = entry.index + 1
        overview = Overview()
        await overview.start(log)
        assert overview.counting
        await overview.counting
        now = datetime.now(UTC)
        since, until = now - timedelta(hours=2), now + timedelta(hours=1)
        one, other = followed.between(since, until), overview.hours.between(since, until)
        assert one.verdicts.total() > 40
        assert one.verdicts == other.verdicts
        assert one.reasons == other.reasons
        assert one.waited.number == other.waited.number > 0
        assert followed.waiting == overview.hours.waiting
        assert overview.hours.left == 0
        # And what was counted is not counted again when it is told of.
        for entry in reader.entries():
            overview.follow(entry, Record.decode(entry.leaf))
        assert overview.hours.between(since, until).verdicts == one.verdicts
        assert count_back(reader, 0) is None
        assert size == max(entry.index for entry in reader.entries()) + 1


async def test_what_is_older_than_the_longest_range_is_not_counted(log_world: World) -> None:
    async with told(log_world) as (_, teller, log):
        await teller.tell(5)
        for days, counted in ((DAYS - 1, True), (DAYS + 1, False)):
            later = datetime.now(UTC) + timedelta(days=days)
            overview = Overview(now=clock_at(later))
            await overview.start(log)
            assert overview.counting
            await overview.counting
            for end in (later, day_of(later)):  # by the hour, and by the day
                everything = overview.hours.between(end - timedelta(days=DAYS + 2), end)
                assert bool(everything.verdicts) == counted
            assert (overview.hours.left, overview.hours.counted_since) == (0, None)


async def test_names_in_use_are_found_by_their_indexes_and_learned_as_they_come(log_world: World) -> None:
    async with told(log_world) as (reader, teller, log):
        await teller.tell(30)
        at_start, followed = Names(), Names()
        await at_start.start(log)
        for entry in reader.entries():
            followed.follow(entry, Record.decode(entry.leaf))
        for known in (at_start, followed):
            assert known.callers == [f"caller/{name}" for name in CALLERS]
            assert known.scopes == sorted(SCOPES)
            assert known.rules == sorted(RULES)


def test_postgres_plans_each_query_for_its_own_values(postgres_log: Database) -> None:
    """A plan that was made for any value walks past a whole log to find the records of a rare one."""
    with closing(PostgresReader(postgres_log.as_reader)) as reader:
        for _ in range(20):
            list(reader.find(Query(kind="task_refused", descending=True)))
        ((kept,),) = reader._rows("SELECT count(*) FROM pg_prepared_statements")
    assert kept == 0
