"""docs/quotas.md §1 and §2: what a caller may use, kept by the log's one writer."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable, Collection, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit_svc.anchor import Anchor
from audit_svc.draft import Draft
from audit_svc.ledger import Asked, Ledger
from audit_svc.quota import Quotas, QuotasInvalid
from audit_svc.sequencer import Sequencer
from audit_svc.settings import AuditSettings
from audit_svc.store.sqlite import SqliteStore
from audit_svc.store.types import Growth, StandingBy, StoreFailed
from audit_svc.window import Window
from executor_svc.records import aborted
from placet.approval.statement import Limits
from placet.audit.client import Appended
from placet.audit.record import Record
from placet.environment import load
from placet.rpc.errors import ServiceError
from tests.fakes.audit_world import EXECUTOR, GENERATOR, GUARD, World, started
from tests.fakes.postgres_world import PostgresWorld
from tests.fakes.quota_world import OTHER, TEAM, Limited, QuotaWorld, limit_of, quotas

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"
HEAD = b"apiVersion: placet/v1\nkind: Quotas\nquotas:\n"


@pytest.fixture(params=["sqlite", "postgres"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    """The same of both databases."""
    if request.param == "sqlite":
        return World(tmp_path)
    return PostgresWorld.make(tmp_path, request.getfixturevalue("postgres_log"))


async def refused(asked: Awaitable[object]) -> ServiceError:
    with pytest.raises(ServiceError) as refusal:
        await asked
    assert refusal.value.reason == "QUOTA_EXCEEDED"
    return refusal.value


# The file


def test_a_path_goes_before_its_kind_and_holds_instead() -> None:
    """1.1"""
    given = quotas(caller__any={"runs_at_once": 8, "tasks_per_minute": 3}, caller__team={"runs_at_once": 1})
    assert given.of("caller/team").limits == {"runs_at_once": 1}
    assert given.of("caller/other").limits == {"runs_at_once": 8, "tasks_per_minute": 3}
    assert given.of("reviewer/lee") is None


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (b"  caller/a: {runs_per_second: 1}\n", "caller/a.runs_per_second: unknown key"),
        (b"  caller/a: {runs_at_once: -1}\n", "greater than or equal to 0"),
        (b"  caller/a: {runs_at_once: 1.5}\n", "caller/a.runs_at_once"),
        (b"  caller/a: {runs_at_once: '1'}\n", "caller/a.runs_at_once"),
        (b"  caller/a: {runs_at_once: true}\n", "caller/a.runs_at_once"),
        (b"  caller/a: {}\n  caller/a: {}\n", "stands twice"),
        (b"  caller/a: {runs_at_once: 1, runs_at_once: 2}\n", "stands twice"),
        (b"  caller/a: &x {}\n  caller/b: *x\n", "anchors and aliases"),
        (b"  team: {}\n", "not caller/NAME"),
        (b"  caller/te*: {}\n", "not caller/NAME"),
    ],
)
def test_what_the_file_must_not_say_is_named(lines: bytes, problem: str) -> None:
    """1.3: an unknown key, one that stands twice, an alias, a value that is no whole number from 0 up."""
    with pytest.raises(QuotasInvalid, match=problem.replace("*", r"\*").replace(".", r"\.")):
        Quotas.parse(HEAD + lines)


def test_every_problem_of_the_file_is_named_at_once() -> None:
    with pytest.raises(QuotasInvalid) as found:
        Quotas.parse(b"apiVersion: placet/v2\nkind: Quotas\nquotas: {caller/a: {x: 1, y: 2}}\nmore: 1\n")
    assert str(found.value).count("; ") == 3


def test_a_file_that_is_not_there_is_a_problem_and_not_an_absence_of_quotas(tmp_path: Path) -> None:
    with pytest.raises(QuotasInvalid, match="cannot be read"):
        Quotas.load(tmp_path / "quotas.yaml")


# What counts


@given(
    st.lists(st.tuples(st.floats(0, 40), st.integers(0, 9)), max_size=60),
    st.sampled_from([60.0, 3600.0]),
    st.integers(0, 30),
)
def test_what_was_used_counts_for_the_window_and_a_sixtieth_longer_at_most(
    uses: list[tuple[float, int]], length: float, at_most: int
) -> None:
    """2.5, and that there is room when the window says there will be, and not before."""
    window, now, seen = Window(length), 1_000_000.0, []
    for pause, amount in uses:
        now += pause * length / 60
        window.add(now, amount)
        seen.append((now, amount))
        within = sum(amount for at, amount in seen if at > now - length)
        at_longest = sum(amount for at, amount in seen if at > now - length * 61 / 60)
        assert within <= window.used(now) <= at_longest
    after = window.free_after_s(now, at_most)
    assert (after == 0) == (window.used(now) <= at_most)
    if after:
        assert window.used(now + after - length / 600) > at_most
    assert window.used(now + after + 1e-6) <= at_most


async def fill(count: int, one: Callable[[], Awaitable[object]]) -> None:
    for _ in range(count):
        await one()


async def test_tasks_beyond_the_minutes_limit_are_refused_until_it_is_over(world: World) -> None:
    """2.1 and 2.3: RESOURCE_EXHAUSTED/QUOTA_EXCEEDED with the time after which another try may succeed."""
    here = QuotaWorld(world, quotas(caller__team={"tasks_per_minute": 3}))
    async with here.writing() as log:
        await fill(3, log.task)
        here.clock.pass_s(20)
        error = await refused(log.task())
        await log.task(OTHER)  # nobody else's business
        assert limit_of(error) == "tasks_per_minute"
        assert 40 <= (error.retry_after_s or 0) <= 41
        here.clock.pass_s(error.retry_after_s or 0)
        await fill(3, log.task)
        await refused(log.task())


async def test_runs_at_once_are_bounded_and_an_end_makes_room(world: World) -> None:
    here = QuotaWorld(world, quotas(caller__any={"runs_at_once": 2}))
    async with here.writing() as log:
        first, second = await log.start(), await log.start()
        assert limit_of(await refused(log.start())) == "runs_at_once"
        await log.start(OTHER)  # 1.2: a quota of its own
        await log.end(first)
        await log.start()
        await refused(log.start())
        await log.end(second, kind="run_aborted")
        await log.start()


async def test_a_start_without_an_end_counts_for_its_wall_time_and_four_minutes_more(world: World) -> None:
    """2.6"""
    here = QuotaWorld(world, quotas(caller__team={"runs_at_once": 1}))
    async with here.writing() as log:
        await log.start(wall_s=30)
        here.clock.pass_s(269)
        await refused(log.start())
        here.clock.pass_s(1)
        await log.start()


async def test_a_start_that_names_no_caller_is_nobodys(tmp_path: Path) -> None:
    """The field is none that a record must have (audit-format §2)."""
    here = QuotaWorld(World(tmp_path), quotas(caller__any={"runs_per_minute": 0}))
    async with here.writing() as log:
        body = {name: value for name, value in started().items() if name != "caller"}
        await log.sequencer.append(Draft("run_started", "r", EXECUTOR, body))


async def test_each_lapses_in_its_own_time(tmp_path: Path) -> None:
    """2.6, also of one that began before another that may take longer."""
    here = QuotaWorld(World(tmp_path), quotas(caller__team={"runs_at_once": 2}))
    async with here.writing() as log:
        await log.start(wall_s=30)
        await log.start(wall_s=600)
        here.clock.pass_s(271)
        await log.start(wall_s=30)
        await refused(log.start())


async def test_processor_time_and_tokens_stop_new_work_when_they_are_used_up(world: World) -> None:
    """2.3: known afterwards only; and 2.4: what began is let end."""
    limits = {"cpu_s_per_hour": 10, "tokens_per_day": 1000}
    here = QuotaWorld(world, quotas(caller__team=limits))
    async with here.writing() as log:
        under_way = await log.start()
        await log.run(cpu_ms=9_999)
        await log.task()
        await log.end(under_way, cpu_ms=5_000)  # beyond it
        assert limit_of(await refused(log.task())) == "cpu_s_per_hour"
        assert limit_of(await refused(log.start())) == "cpu_s_per_hour"
        here.clock.pass_s(3661)
        await log.write(600)
        await log.judge(400)
        await log.judge(400)  # never refused: they are spent
        assert limit_of(await refused(log.task())) == "tokens_per_day"
        await log.run()  # costs no tokens


@pytest.mark.parametrize(("reason", "counts"), [("WORKER_LOST", True), ("INTERNAL", False)])
async def test_a_run_whose_worker_is_lost_counts_all_that_it_may_have_used(
    tmp_path: Path, reason: str, counts: bool
) -> None:
    """What it used is not known; a failure of another kind is ours, and costs its caller nothing."""
    here = QuotaWorld(World(tmp_path), quotas(caller__team={"cpu_s_per_hour": 30}))
    async with here.writing() as log:
        run_id, _ = await log.start()
        start = SimpleNamespace(
            run_id=run_id,
            approval=SimpleNamespace(approval_id=run_id, limits=Limits(30, 30, 512, 64, 1, 1)),
            request=SimpleNamespace(caller=TEAM),
        )
        await log.sequencer.append(Draft("run_aborted", "r", EXECUTOR, aborted(start, reason)))
        if counts:
            assert limit_of(await refused(log.start())) == "cpu_s_per_hour"
        else:
            await log.start()


@pytest.mark.parametrize(
    ("actor", "kind", "body"),
    [
        (GENERATOR, "generation_failed", {"attempt": 1, "prompt_tokens": 90, "completion_tokens": 10}),
        (GUARD, "review_failed", {"tokens": {"prompt": 90, "cached": 80, "completion": 10}}),
    ],
)
async def test_what_came_to_nothing_counts_all_the_same(
    tmp_path: Path, actor: str, kind: str, body: dict[str, object]
) -> None:
    """2.10"""
    here = QuotaWorld(World(tmp_path), quotas(caller__team={"tokens_per_hour": 100}))
    async with here.writing() as log:
        await log.task()
        await log.sequencer.append(Draft(kind, "r", actor, {"reason": "CANCELLED", "caller": TEAM, **body}))
        assert limit_of(await refused(log.task())) == "tokens_per_hour"


async def test_a_verdict_from_the_cache_costs_nothing_again(tmp_path: Path) -> None:
    here = QuotaWorld(World(tmp_path), quotas(caller__team={"tokens_per_hour": 100}))
    async with here.writing() as log:
        await log.judge(99)
        await log.judge(99, cached=True)
        await log.task()
        await log.judge(1)
        await refused(log.task())


async def test_a_limit_of_nothing_is_never_and_says_no_time(world: World) -> None:
    here = QuotaWorld(world, quotas(caller__team={"runs_per_minute": 0}))
    async with here.writing() as log:
        assert (await refused(log.start())).retry_after_s is None


async def test_a_repeated_append_finds_its_record_though_the_quota_is_used_up(world: World) -> None:
    """2.2"""
    here = QuotaWorld(world, quotas(caller__team={"tasks_per_minute": 1}))
    async with here.writing() as log:
        first = await log.task(request_id="r-1", key="k")
        again = await log.task(request_id="r-1", key="k")
        await refused(log.task(key="other"))
    assert first.index == again.index


async def test_of_many_at_once_exactly_as_many_pass_as_may(world: World) -> None:
    """One batch holds them all."""
    here = QuotaWorld(world, quotas(caller__any={"runs_per_minute": 7, "runs_at_once": 5}))
    async with here.writing() as log:
        asked = [log.start(caller) for _ in range(40) for caller in (TEAM, OTHER)]
        answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [sum(isinstance(a, tuple) for a in answers[side::2]) for side in (0, 1)] == [5, 5]


# What the log knows of the time before


async def test_whoever_leads_next_knows_what_was_used(world: World) -> None:
    """2.7"""
    limits = {"runs_at_once": 1, "tasks_per_minute": 2, "cpu_s_per_day": 3, "tokens_per_hour": 10}
    here = QuotaWorld(world, quotas(caller__team=limits, caller__other=limits))
    async with here.writing() as log:
        await log.run(cpu_ms=2_000)
        running = await log.start()
        await fill(2, log.task)
        await log.write(9, OTHER)
    here.clock.pass_s(3)
    async with here.writing() as log:
        assert limit_of(await refused(log.start())) == "runs_at_once"
        assert limit_of(await refused(log.task())) == "tasks_per_minute"
        await log.end(running, cpu_ms=1_000)
        assert limit_of(await refused(log.start())) == "cpu_s_per_day"
        await log.task(OTHER)
        await log.judge(2, OTHER)
        assert limit_of(await refused(log.task(OTHER))) == "tokens_per_hour"


async def test_whoever_leads_next_reads_all_of_the_longest_time(tmp_path: Path) -> None:
    """2.7, and 2.5: what was used an hour ago counts, and a minute later it does not."""
    here = QuotaWorld(World(tmp_path), quotas(caller__team={"cpu_s_per_hour": 1}))
    async with here.writing() as log:
        await log.run(cpu_ms=1_000)
    here.clock.pass_s(3_600)
    async with here.writing() as log:
        await refused(log.start())
    here.clock.pass_s(61)
    async with here.writing() as log:
        await log.start()


async def test_a_service_that_stands_by_reads_on_and_counts_nothing_twice(postgres_log, tmp_path) -> None:
    """2.7: from the records that the leader wrote, before and after it began to stand by."""
    world = PostgresWorld.make(tmp_path, postgres_log)
    here = QuotaWorld(world, quotas(caller__team={"runs_per_minute": 4}))
    standby = Sequencer(
        world.store(), world.signer, Anchor(tmp_path / "other"), clock=here.clock, quotas=here.quotas
    )
    async with here.writing() as log:
        await log.run()
        shutil.copy(world.checkpoint, tmp_path / "other")
        with pytest.raises(StandingBy):
            await standby.open()
        await fill(2, log.run)
        with pytest.raises(StandingBy):
            await standby.open()
    await standby.open()
    try:
        taken_over = Limited(standby, here.clock)
        await taken_over.run()
        await refused(taken_over.start())
    finally:
        await standby.close()


AHEAD_S = 3 * 3600
OF_ALL = {"tasks_per_minute": 2, "runs_at_once": 1, "cpu_s_per_hour": 5}


async def use_up(log: Limited) -> None:
    await fill(2, log.task)
    await log.start(wall_s=30)


async def is_used_up_and_lapses(log: Limited) -> None:
    error = await refused(log.task())
    assert (error.retry_after_s or 0) <= 62
    assert limit_of(await refused(log.start())) == "runs_at_once"
    log.clock.pass_s(error.retry_after_s or 0)
    await log.task()
    log.clock.pass_s(300)
    await log.start()


async def test_a_replica_whose_clock_was_ahead_does_not_stop_the_others_windows(world: World) -> None:
    """2.5: the log's time stands still for three hours, and quotas do not."""
    here = QuotaWorld(world, quotas(caller__team=OF_ALL))
    here.clock.pass_s(AHEAD_S)
    async with here.writing() as log:
        await use_up(log)
    here.clock.pass_s(-AHEAD_S)
    async with here.writing() as log:
        assert log.sequencer.ahead_s == AHEAD_S
        await is_used_up_and_lapses(log)
        times = [Record.decode(entry.leaf).time for entry in world.entries()]
    assert times == sorted(times)


async def test_a_clock_that_is_set_back_has_all_counted_anew(world: World) -> None:
    """2.5, in the process that writes the log; who asks before that is not told that there is room."""
    here = QuotaWorld(world, quotas(caller__team={**OF_ALL, "tokens_per_hour": 10}))
    async with here.writing() as log:
        here.clock.pass_s(AHEAD_S)
        await use_up(log)
        here.clock.pass_s(-AHEAD_S)
        with pytest.raises(ServiceError, match="AUDIT_UNAVAILABLE"):
            await log.sequencer.check_quota(Asked(TEAM, "verdict_reached", "r"))
        await log.judge(1, OTHER)
        await log.sequencer.check_quota(Asked(TEAM, "verdict_reached", "r"))
        await is_used_up_and_lapses(log)


async def test_a_clock_that_goes_back_a_little_counts_on(tmp_path: Path) -> None:
    here = QuotaWorld(World(tmp_path), quotas(caller__team={"tasks_per_minute": 2}))
    async with here.writing() as log:
        await log.task()
        here.clock.pass_s(-59)
        await log.sequencer.check_quota(Asked(TEAM, "verdict_reached", "r"))
        await log.task()
        await refused(log.task())


class Breaking(SqliteStore):
    breaks = ""

    def lead(self) -> bool:
        return self.breaks != "another leads" and super().lead()

    def size(self) -> int:
        if self.breaks == "when looked at":
            raise StoreFailed("does not answer")
        return super().size()

    def leaves(self, kinds: Collection[str], start: int, end: int) -> Iterator[bytes]:
        for count, leaf in enumerate(super().leaves(kinds, start, end)):
            if self.breaks == "when read" and count:
                raise StoreFailed("lost while it was read")
            yield leaf

    def commit(self, growth: Growth) -> None:
        if self.breaks == "before":
            raise StoreFailed("lost before anything was written")
        super().commit(growth)
        if self.breaks == "after":
            raise StoreFailed("lost before the answer came")


@pytest.mark.parametrize(("breaks", "left"), [("before", 2), ("after", 1)])
async def test_after_a_failed_commit_exactly_what_was_written_counts(
    tmp_path: Path, breaks: str, left: int
) -> None:
    world = World(tmp_path)
    store = Breaking(world.database)
    world.store = lambda: store  # type: ignore[method-assign]
    here = QuotaWorld(world, quotas(caller__team={"tasks_per_minute": 3}))
    async with here.writing() as log:
        await log.task()
        store.breaks = breaks
        with pytest.raises(ServiceError, match="AUDIT_UNAVAILABLE"):
            await log.task()
        store.breaks = ""
        await fill(left, log.task)
        await refused(log.task())


async def test_who_asks_for_room_while_the_log_cannot_write_hears_that_and_not_that_there_is_room(
    tmp_path: Path,
) -> None:
    """2.8: what was used is not known until the database was read again."""
    world = World(tmp_path)
    store = Breaking(world.database)
    world.store = lambda: store  # type: ignore[method-assign]
    here = QuotaWorld(world, quotas(caller__team={"tokens_per_hour": 10}))
    asked = Asked(TEAM, "verdict_reached", "r")
    async with here.writing() as log:
        await log.judge(10)
        store.breaks = "before"
        with pytest.raises(ServiceError, match="AUDIT_UNAVAILABLE"):
            await log.task(OTHER)
        with pytest.raises(ServiceError, match="AUDIT_UNAVAILABLE"):
            await log.sequencer.check_quota(asked)
        store.breaks = ""
        await log.task(OTHER)
        await refused(log.sequencer.check_quota(asked))


async def test_who_asks_for_room_where_another_writes_by_now_hears_that(tmp_path: Path) -> None:
    """2.8: of what that one took in, nothing is known here."""
    world = World(tmp_path)
    store = Breaking(world.database)
    world.store = lambda: store  # type: ignore[method-assign]
    here = QuotaWorld(world, quotas(caller__team={"tokens_per_hour": 10}))
    async with here.writing() as log:
        store.breaks = "when looked at"
        await log.sequencer.look()
        store.breaks = "another leads"
        with pytest.raises(ServiceError, match="AUDIT_STANDBY"):
            await log.task(OTHER)
        with pytest.raises(ServiceError, match="AUDIT_STANDBY"):
            await log.sequencer.check_quota(Asked(TEAM, "verdict_reached", "r"))


async def test_after_a_database_that_did_not_answer_nothing_counts_twice(tmp_path: Path) -> None:
    world = World(tmp_path)
    store = Breaking(world.database)
    world.store = lambda: store  # type: ignore[method-assign]
    here = QuotaWorld(world, quotas(caller__team={"tasks_per_minute": 4}))
    async with here.writing() as log:
        await fill(2, log.task)
        store.breaks = "when looked at"
        await log.sequencer.look()
        store.breaks = ""
        await fill(2, log.task)
        await refused(log.task())


async def test_after_a_database_that_was_lost_while_it_was_read_nothing_counts_twice(tmp_path: Path) -> None:
    world = World(tmp_path)
    here = QuotaWorld(world, quotas(caller__team={"tasks_per_minute": 4}))
    async with here.writing() as log:
        await fill(3, log.task)
    store, ledger = Breaking(world.database), Ledger(here.quotas)
    store.breaks = "when read"
    with pytest.raises(StoreFailed):
        ledger.follow(store, 3, here.clock())
    store.breaks = ""
    ledger.follow(store, 3, here.clock())
    store.close()
    (used,) = ledger.used(here.clock())["caller/team"]
    assert used.used == 3


async def test_without_a_quota_nothing_is_read_and_nothing_kept(tmp_path: Path) -> None:
    class Blind(SqliteStore):
        def leaves(self, *_: object) -> object:  # type: ignore[override]
            raise AssertionError("read")

    world = World(tmp_path)
    world.store = lambda: Blind(world.database)  # type: ignore[method-assign]
    here = QuotaWorld(world, quotas())
    async with here.writing() as log:
        await fill(3, log.run)
        assert not log.sequencer._ledger._usages


async def test_a_caller_that_has_gone_is_forgotten(tmp_path: Path) -> None:
    """2.7: memory is bounded by the callers that were active in the longest time that the file limits."""
    here = QuotaWorld(World(tmp_path), quotas(caller__any={"tasks_per_minute": 5}))
    async with here.writing() as log:
        await log.task(OTHER)
        here.clock.pass_s(3700)
        await log.task(TEAM)
        await log.task(TEAM)
        assert set(log.sequencer._ledger._usages) == {"caller/team"}


# What is on record


async def test_a_flood_of_refusals_is_one_record_a_minute_that_says_how_many(tmp_path: Path) -> None:
    """3.3"""
    here = QuotaWorld(World(tmp_path), quotas(caller__any={"runs_at_once": 0, "tasks_per_minute": 0}))
    async with here.writing() as log:
        flood = [asked for _ in range(500) for asked in (log.start(), log.task(OTHER))]
        await asyncio.gather(*flood, return_exceptions=True)
        assert here.told() == [("team", "runs_at_once", 0), ("other", "tasks_per_minute", 0)]
        here.clock.pass_s(61)
        await log.end(("run", Appended(0, b"", "")))  # any record brings it
        assert here.told()[2:] == [("team", "runs_at_once", 499), ("other", "tasks_per_minute", 499)]
        here.clock.pass_s(200)
        await refused(log.start())
        assert here.told()[4:] == [("team", "runs_at_once", 0)]


async def test_a_refusal_is_durable_before_it_is_answered(tmp_path: Path) -> None:
    """3.3"""
    here = QuotaWorld(World(tmp_path), quotas(caller__any={"tasks_per_minute": 0}))
    async with here.writing() as log:
        error = await refused(log.task(request_id="r-9"))
        told = here.world.entries()[-1]
    assert (told.kind, told.request_id, told.caller) == ("quota_exceeded", "r-9", TEAM)
    assert error.metadata["caller"] == "caller/team"


async def test_a_refusal_that_cannot_be_recorded_is_no_refusal_but_an_error(tmp_path: Path) -> None:
    world = World(tmp_path)
    store = Breaking(world.database)
    world.store = lambda: store  # type: ignore[method-assign]
    here = QuotaWorld(world, quotas(caller__any={"tasks_per_minute": 0}))
    async with here.writing() as log:
        store.breaks = "before"
        with pytest.raises(ServiceError, match="AUDIT_UNAVAILABLE"):
            await log.task()
        store.breaks = ""


# How a service is told


def settings_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, document: bytes) -> AuditSettings:
    file = tmp_path / "quotas.yaml"
    file.write_bytes(document)
    for name in ("TLS_CA", "TLS_CERT", "TLS_KEY", "DATABASE", "LOG_KEY", "CHECKPOINT_FILE"):
        monkeypatch.setenv(f"PLACET_AUDIT_{name}", str(tmp_path / name))
    monkeypatch.setenv("PLACET_AUDIT_QUOTAS_FILE", str(file))
    return load(AuditSettings)


def test_the_file_is_read_with_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings_of(tmp_path, monkeypatch, HEAD + b"  caller/a: {runs_at_once: 3}\n").quotas
    assert found.of("caller/a").limits == {"runs_at_once": 3}


def test_a_service_does_not_start_with_a_file_that_is_not_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """1.3"""
    with pytest.raises(SystemExit) as ended:
        settings_of(tmp_path, monkeypatch, HEAD + b"  caller/a: {runs: 3}\n")
    assert ended.value.code == 2
    assert "PLACET_AUDIT_QUOTAS_FILE" in (told := capsys.readouterr().err)
    assert "caller/a.runs: unknown key" in told


@pytest.mark.parametrize("file", sorted(DEPLOY.glob("overlays/*/quotas.yaml")), ids=lambda f: f.parent.name)
def test_the_files_that_are_deployed_are_fit(file: Path) -> None:
    assert Quotas.load(file).by_pattern
