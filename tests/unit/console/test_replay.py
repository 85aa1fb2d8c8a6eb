"""A replay over a real log, with a guard that says what the test wants (docs/replay-format.md §1)."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import pytest

from audit_svc.access import Role
from audit_svc.console.guards import Guards, Judgement, Layers, Question
from audit_svc.console.inquiry import GIVE_UP
from audit_svc.console.people import Person
from audit_svc.console.recorded import Period, Verdicts
from audit_svc.console.replay import Order, Replay
from audit_svc.console.replays import Replays
from audit_svc.console.reporting import report_of
from audit_svc.console.reports import Reports
from audit_svc.console.reviewers import Reviewers
from placet.approval.envelope import sign
from placet.approval.keys import SigningKey
from placet.audit.record import Record
from placet.audit.replay_report import Policy, Report, ScopeEdition
from placet.flips import Judged
from placet.rpc.errors import ServiceError
from tests.fakes.audit_world import GENERATOR, GUARD, SCOPE, World, Writer, verdict
from tests.fakes.console_log import console_log
from tests.fakes.console_pages import WorldLog

ANA = Person("ana", Role.REVIEWER)
NOW = Policy(ScopeEdition("data-analysis", 2, "6" * 64), "1" * 16, "", "", 1)
TASK = b"mean price"


@dataclass
class SaidGuard:
    """Answers by what the program holds; `asked` keeps the questions."""

    says: Callable[[Question], Judged] = lambda _: Judged("ALLOWED")
    asked: list[Question] = field(default_factory=list)
    error: ServiceError | None = None
    hold: asyncio.Event | None = None

    async def scopes(self) -> Sequence[str]:
        return ["data-analysis"]

    async def judge(self, question: Question) -> Judgement:
        self.asked.append(question)
        if self.hold:
            await self.hold.wait()
        if self.error:
            raise self.error
        return Judgement(self.says(question), NOW)


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[tuple[WorldLog, Writer]]:
    async with console_log(World(tmp_path)) as both:
        yield both


async def recorded(writer: Writer, program: bytes, said: str = "ALLOWED", **change: object) -> int:
    body = {"verdict": said, "program_sha256": hashlib.sha256(program).hexdigest()} | change
    done = await writer.append(GUARD, "verdict_reached", verdict(**body), program=program)
    return done.index


def order(layers: Layers = "rules", document: bytes = b"", **period: str) -> Order:
    return Order("running", layers, Period(**period), document)


async def replayed(log: WorldLog, guard: SaidGuard, asked: Order | None = None) -> Replay:
    replay = Replay("r", asked or order(), ANA)
    await replay.run(Verdicts(log, ANA), guard)
    return replay


def reader_of(found: Record) -> object:
    return found.body["reader"]


async def records(log: WorldLog, kind: str) -> list[Record]:
    entries = await log.ask(lambda reader: list(reader.entries()))
    return [Record.decode(entry.leaf) for entry in entries if entry.kind == kind]


async def test_what_another_rule_set_would_say_is_found_flip_by_flip(log: tuple[WorldLog, Writer]) -> None:
    """The verdict then beside the verdict now, with the rules that came."""
    console, writer = log
    await recorded(writer, b"safe")
    flips_at = await recorded(writer, b"risky")
    guard = SaidGuard(
        lambda q: Judged("DENIED", ("new.rule",)) if q.program == b"risky" else Judged("ALLOWED")
    )

    replay = await replayed(console, guard)

    assert (replay.state, replay.done, replay.total) == ("done", 2, 2)
    assert [outcome.recorded.index for outcome in replay.flips] == [flips_at]
    assert replay.summary()["by_rule"] == {"+ new.rule": 1}


async def test_the_programs_are_read_only_once_it_is_on_record_who_reads_them(
    log: tuple[WorldLog, Writer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """1.6: records_read names every record whose program is read, before it is."""
    console, writer = log
    indexes = [await recorded(writer, b"one"), await recorded(writer, b"two")]
    before: list[int] = []
    read = console.ask

    async def ask(what: Callable[..., object]) -> object:
        found = await read(what)  # type: ignore[arg-type]
        if isinstance(found, list) and found and hasattr(found[0], "salt"):
            before.append(len(await read(lambda reader: list(reader.entries()))))
        return found

    monkeypatch.setattr(console, "ask", ask)
    await replayed(console, SaidGuard())

    (reading,) = await records(console, "records_read")
    assert reader_of(reading) == ANA.uri
    assert reading.body["indexes"] == indexes
    assert before
    assert min(before) == len(indexes) + 1


async def test_no_reading_on_record_no_program(
    log: tuple[WorldLog, Writer], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log that does not answer ends the replay before the guard is asked anything."""
    console, writer = log
    await recorded(writer, b"one")

    async def refuse(_: object) -> None:
        raise ServiceError(grpc.StatusCode.UNAVAILABLE, "AUDIT_UNAVAILABLE", "no log")

    monkeypatch.setattr(console, "append", refuse)
    guard = SaidGuard()
    replay = await replayed(console, guard)

    assert (replay.state, replay.trouble, guard.asked) == ("failed", "no log", [])


async def test_a_person_s_verdict_is_not_replayed(log: tuple[WorldLog, Writer]) -> None:
    """1.1: no guard could repeat it."""
    console, writer = log
    index = await recorded(writer, b"one")
    ana = "spiffe://placet.local/reviewer/ana"
    await writer.append(ana, "verdict_reached", verdict(decided_by="human:ana"), program=b"print(1)\n")

    replay = await replayed(console, SaidGuard(lambda _: Judged("DENIED")))

    assert [outcome.recorded.index for outcome in replay.flips] == [index]
    assert replay.total == 1


async def test_the_task_and_the_names_of_inputs_go_with_the_program(log: tuple[WorldLog, Writer]) -> None:
    """1.1: the guard is asked what it was asked then."""
    console, writer = log
    inputs = [{"name": "sales.csv", "sha256": "7" * 64, "size": 3}]
    digest = hashlib.sha256(TASK).hexdigest()
    received = {"task_sha256": digest, "caller": "c", "inputs": inputs, "scope": "data-analysis"}
    await writer.append(GENERATOR, "task_received", received, task=TASK)
    await recorded(writer, b"one", task_sha256=digest)
    guard = SaidGuard()

    await replayed(console, guard, order("all"))

    (question,) = guard.asked
    assert question.task == TASK.decode()
    assert [item.name for item in question.inputs] == ["sales.csv"]


async def test_what_the_log_no_longer_has_is_skipped_and_counted(log: tuple[WorldLog, Writer]) -> None:
    """1.2: a verdict without its program; and where the model is asked, one without its task."""
    console, writer = log
    await writer.append(GUARD, "verdict_reached", verdict())
    await recorded(writer, b"without a task")

    rules = await replayed(console, SaidGuard())
    both = await replayed(console, SaidGuard(), order("all"))

    assert (rules.skipped, len(rules.answered)) == (1, 1)
    assert (both.skipped, len(both.answered)) == (2, 0)


async def test_a_program_that_was_reviewed_for_no_task_is_judged_again(log: tuple[WorldLog, Writer]) -> None:
    """1.1, 1.2: its verdict says that there was none, so nothing is missing."""
    console, writer = log
    await recorded(writer, b"one", task_sha256=hashlib.sha256(b"").hexdigest())
    guard = SaidGuard()

    replay = await replayed(console, guard, order("all"))

    assert (replay.skipped, len(replay.answered)) == (0, 1)
    assert [question.task for question in guard.asked] == [""]


async def test_no_answer_is_neither_a_flip_nor_none(log: tuple[WorldLog, Writer]) -> None:
    """1.3: it is counted as unanswered."""
    console, writer = log
    await recorded(writer, b"one")
    guard = SaidGuard(error=ServiceError(grpc.StatusCode.UNAVAILABLE, "REVIEW_UNAVAILABLE", "no model"))

    replay = await replayed(console, guard)

    assert (replay.state, replay.unanswered, replay.flips, replay.answered) == ("done", 1, [], [])


@pytest.mark.parametrize(("reason", "asked"), [("SCOPE_INVALID", 1), ("UNAVAILABLE", GIVE_UP)])
async def test_a_guard_that_can_never_answer_is_not_asked_for_ever(
    log: tuple[WorldLog, Writer], reason: str, asked: int
) -> None:
    """At once for a reason that would come again; after twenty in a row for any other."""
    console, writer = log
    for number in range(GIVE_UP + 10):
        await recorded(writer, b"%d" % number)
    guard = SaidGuard(error=ServiceError(grpc.StatusCode.UNAVAILABLE, reason, "gone"))

    replay = await replayed(console, guard)

    assert (replay.state, replay.trouble) == ("failed", "gone")
    assert asked <= len(guard.asked) <= asked + 4


async def test_equal_questions_are_put_once(log: tuple[WorldLog, Writer]) -> None:
    """A program that came back a hundred times costs one answer, and each of its verdicts is compared."""
    console, writer = log
    for _ in range(5):
        await recorded(writer, b"one")
    guard = SaidGuard(lambda _: Judged("DENIED"))

    replay = await replayed(console, guard)

    assert (len(guard.asked), len(replay.flips)) == (1, 5)


async def test_a_range_and_a_scope_are_kept_to(log: tuple[WorldLog, Writer]) -> None:
    """From is inclusive, until is not; verdicts of other scopes are left alone."""
    console, writer = log
    await recorded(writer, b"before")
    index = await recorded(writer, b"inside")
    await recorded(writer, b"elsewhere", scope={**SCOPE, "name": "plotting"})
    await recorded(writer, b"after")
    times = [entry.time for entry in await console.ask(lambda reader: list(reader.entries()))]

    replay = await replayed(
        console, SaidGuard(), order(scope="data-analysis", since=times[1], until=times[3])
    )

    assert [outcome.recorded.index for outcome in replay.outcomes] == [index]


async def test_with_the_rules_alone_only_what_rules_said_can_flip(log: tuple[WorldLog, Writer]) -> None:
    """1.5: a denial by the reviewer is no denial by the rules."""
    console, writer = log
    by_reviewer = [{"rule_id": "reviewer.network.cited", "severity": "HIGH", "source": "reviewer"}]
    await recorded(writer, b"one", "DENIED", findings=by_reviewer)

    rules = await replayed(console, SaidGuard())

    assert rules.flips == []


async def test_a_replay_that_is_stopped_keeps_what_it_found_and_reports_nothing(
    log: tuple[WorldLog, Writer],
) -> None:
    """A part of a range must not pass for the range."""
    console, writer = log
    await recorded(writer, b"one")
    guard = SaidGuard(hold=asyncio.Event())
    replays = Replays(console, Guards({"running": guard}))
    replay = replays.start(ANA, order())
    async with asyncio.timeout(10):
        while not guard.asked:
            await asyncio.sleep(0.01)
        replays.stop(replay.name)
        told = [done async for done in replay.progress()]

    assert replay.state == "stopped"
    assert told[-1] == 0
    with pytest.raises(ValueError, match="nothing to report"):
        report_of(replay, ANA)


async def test_a_person_has_one_replay_at_a_time(log: tuple[WorldLog, Writer]) -> None:
    """And all together two: each reads programs and keeps a guard busy."""
    console, _ = log
    replays = Replays(console, Guards({"running": SaidGuard()}))
    people = [Person(name, Role.REVIEWER) for name in ("ana", "ben", "cy")]
    for person in people[:2]:
        replays.start(person, order())

    for person in (people[0], people[2]):
        with pytest.raises(ServiceError, match="REPLAYS_RUNNING"):
            replays.start(person, order())
    await replays.close()


async def test_a_console_that_stops_ends_its_replays_before_the_log_is_closed(
    log: tuple[WorldLog, Writer],
) -> None:
    """And begins no more; a guard that hangs does not hold it up."""
    console, writer = log
    await recorded(writer, b"one")
    replays = Replays(console, Guards({"running": SaidGuard(hold=asyncio.Event())}))
    replay = replays.start(ANA, order())
    await asyncio.sleep(0.05)

    async with asyncio.timeout(5):
        await replays.close()

    assert replay.state == "stopped"
    with pytest.raises(ServiceError):
        replays.start(Person("ben", Role.REVIEWER), order())


async def finished(console: WorldLog, writer: Writer) -> Replay:
    await recorded(writer, b"one")
    return await replayed(console, SaidGuard(lambda _: Judged("DENIED", ("new.rule",))))


async def test_a_report_covers_its_range_with_a_checkpoint(log: tuple[WorldLog, Writer]) -> None:
    """2.3, 2.4: whoever has the log can ask the same again."""
    console, writer = log
    replay = await finished(console, writer)

    said = Report.from_bytes(report_of(replay, ANA).to_bytes())

    (flip,) = said.flips
    entry = await console.ask(lambda reader: reader.get(flip.index))
    assert entry is not None
    assert flip.leaf_hash == entry.leaf_hash.hex()
    assert said.log.size > flip.index
    assert said.policies.after[0].rules == NOW.rules


async def test_a_signed_report_is_in_the_log_word_for_word(
    log: tuple[WorldLog, Writer], tmp_path: Path
) -> None:
    """3.3: its record, its digest, and the envelope as a body."""
    console, writer = log
    replay, key = await finished(console, writer), _key_of("ana", tmp_path)
    reports = Reports(console, Reviewers(tmp_path))
    signed = sign(report_of(replay, ANA).to_bytes(), key)

    done = await reports.record(ANA, report_of(replay, ANA), signed)

    (kept,) = await records(console, "replay_reported")
    assert kept.body["report_sha256"] == hashlib.sha256(signed).hexdigest()
    assert kept.body["flipped"] == 1
    assert await reports.signed(ANA, done.index) == signed


@pytest.mark.parametrize("trick", ["another's key", "no trusted key", "another report", "no signature"])
async def test_a_report_that_its_person_did_not_sign_is_not_recorded(
    log: tuple[WorldLog, Writer], tmp_path: Path, trick: str
) -> None:
    """3.2: byte for byte what the console found, by a trusted key of that person."""
    console, writer = log
    replay = await finished(console, writer)
    ana, ben = _key_of("ana", tmp_path), _key_of("ben", tmp_path)
    right = report_of(replay, ANA)
    wrong = report_of(replay, Person("ben", Role.REVIEWER)).to_bytes()
    signed = {
        "another's key": lambda: sign(right.to_bytes(), ben),
        "no trusted key": lambda: sign(right.to_bytes(), SigningKey.generate()),
        "another report": lambda: sign(wrong, ana),
        "no signature": lambda: b"{}",
    }[trick]()

    with pytest.raises(ServiceError, match="REPORT_NOT_SIGNED"):
        await Reports(console, Reviewers(tmp_path)).record(ANA, right, signed)
    assert await records(console, "replay_reported") == []


def _key_of(name: str, directory: Path) -> SigningKey:
    key = SigningKey.generate()
    (directory / f"reviewer-{name}.pub.pem").write_bytes(key.public.to_pem())
    return key


async def test_a_plan_goes_to_the_guard_with_the_program_that_was_compiled_from_it(
    log: tuple[WorldLog, Writer],
) -> None:
    """1.1: each with the program, its plan of actions if one came with it."""
    console, writer = log
    plan = b'{"steps":[],"version":1}'
    by = {"decided_by": "actions", "plan_sha256": hashlib.sha256(plan).hexdigest()}
    program = {"program_sha256": hashlib.sha256(b"compiled").hexdigest()}
    await writer.append(GUARD, "verdict_reached", verdict(**by, **program), program=b"compiled", plan=plan)
    await recorded(writer, b"free")
    guard = SaidGuard()

    await replayed(console, guard)

    assert {question.program: question.plan for question in guard.asked} == {b"compiled": plan, b"free": b""}


async def test_a_verdict_whose_plan_is_gone_is_skipped_rather_than_judged_without_it(
    log: tuple[WorldLog, Writer],
) -> None:
    """1.2: A verdict whose program or plan is erased MUST be counted as `skipped`."""
    console, writer = log
    await recorded(writer, b"compiled", decided_by="actions", plan_sha256="a" * 64)

    replay = await replayed(console, SaidGuard())

    assert (replay.skipped, replay.outcomes) == (1, [])
