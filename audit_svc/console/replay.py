"""A replay: a guard is asked again about recorded programs, and what flips is kept (docs/replay-format.md).

Knows how verdicts are compared and counted. Must not know gRPC, pages or signatures.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Final, Literal

import msgspec
import structlog

from audit_svc.console.guards import Guard, Judgement, Layers, Question
from audit_svc.console.people import Person
from audit_svc.console.recorded import READ_AT_ONCE, Period, Recorded, Verdicts
from placet.approval.reading import write_time
from placet.audit.replay_report import (
    MAX_FLIPS,
    MAX_RULE_CHARS,
    MAX_RULES,
    Flip,
    LogState,
    Policies,
    Policy,
    Range,
    Report,
    ordered,
)
from placet.flips import NO_ANSWER, Compared, Judged, by_rules_alone, summary
from placet.rpc.errors import ServiceError

AT_ONCE: Final = 4
"""Questions to a guard that are open at a time."""
GIVE_UP: Final = 20
"""Questions without an answer, one after the other, after which a guard is taken to be gone."""
_HOPELESS: Final = frozenset({"SCOPE_INVALID", "CALLER_NOT_ALLOWED", "CALLER_UNKNOWN"})
"""Reasons that would be those of every further question."""

State = Literal["running", "done", "stopped", "failed"]
_log = structlog.get_logger()


@dataclass(frozen=True)
class Order:
    """What to replay: which verdicts, with which guard, layers and, if not the loaded ones, scope."""

    guard: str
    layers: Layers
    period: Period
    document: bytes = b""


@dataclass(frozen=True)
class Outcome:
    """One verdict that was judged again."""

    recorded: Recorded
    compared: Compared
    policy: Policy | None
    """None when there was no answer."""


@dataclass
class Replay:
    """One replay and how far it is."""

    name: str
    """Names it in addresses."""
    order: Order
    person: Person
    state: State = "running"
    trouble: str = ""
    """Why it failed."""
    total: int = 0
    skipped: int = 0
    outcomes: list[Outcome] = field(default_factory=list)
    checkpoint: str = ""
    ended_at: datetime | None = None
    _grown: asyncio.Event = field(default_factory=asyncio.Event)
    _known: dict[bytes, asyncio.Task[Judgement]] = field(default_factory=dict)
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    _unanswered_in_a_row: int = 0
    _gone: ServiceError | None = None
    """Why the guard is not asked any more."""

    @property
    def done(self) -> int:
        """Verdicts that are through."""
        return len(self.outcomes) + self.skipped

    @property
    def answered(self) -> list[Outcome]:
        """With an answer, in log order."""
        found = [outcome for outcome in self.outcomes if outcome.policy is not None]
        return sorted(found, key=lambda outcome: outcome.recorded.index)

    @property
    def flips(self) -> list[Outcome]:
        """In log order."""
        return [outcome for outcome in self.answered if outcome.compared.flipped]

    @property
    def flipped(self) -> int:
        """How many flip."""
        return sum(outcome.policy is not None and outcome.compared.flipped for outcome in self.outcomes)

    @property
    def unanswered(self) -> int:
        """How often the guard had no answer."""
        return len(self.outcomes) - len(self.answered)

    def summary(self) -> dict[str, dict[str, int]]:
        """Flips by verdict, rule and caller, each with the most frequent first."""
        told = summary([outcome.compared for outcome in self.answered])
        names = ("by_verdict", "by_rule", "by_caller")
        return {name: dict(Counter(told[name]).most_common()) for name in names}

    async def run(self, verdicts: Verdicts, guard: Guard) -> None:
        """Replay it all; ends by itself, also when something fails. `state` and `trouble` say how."""
        try:
            await self._run(verdicts, guard)
            self.state = "done"
        except ServiceError as error:
            self.state, self.trouble = "failed", error.message
        except asyncio.CancelledError:
            self.state = "stopped"
            raise
        except Exception:
            self.state, self.trouble = "failed", "The console's own log says what went wrong."
            _log.exception("replay_failed", replay=self.name)
        finally:
            for asked in self._known.values():
                asked.cancel()
            self._known.clear()
            self.ended_at = datetime.now(UTC)
            self._tell()

    async def progress(self) -> AsyncIterator[int]:
        """How many are through: now, whenever there are more, and at the end."""
        while True:
            grown, state = self._grown, self.state
            yield self.done
            if state != "running":
                return
            await grown.wait()

    def report(self, person: Person) -> Report:
        """What `person` may sign. Raises ValueError unless it is done and judged something."""
        answered, flips = self.answered, self.flips
        if self.state != "done" or not answered or self.ended_at is None:
            raise ValueError("there is nothing to report of it")
        indexes = [outcome.recorded.index for outcome in answered]
        period = self.order.period
        return Report(
            reported_by=person.decided_by,
            reported_at=write_time(self.ended_at),
            log=LogState.of(self.checkpoint),
            range=Range(period.since, period.until, period.scope, indexes[0], indexes[-1] + 1),
            guard=self.order.guard,
            layers=self.order.layers,
            policies=Policies(
                _counted([outcome.recorded.policy for outcome in answered]),
                _counted([outcome.policy for outcome in answered if outcome.policy]),
            ),
            verdicts=len(answered),
            skipped=self.skipped,
            unanswered=self.unanswered,
            flipped=len(flips),
            flips=tuple(map(_flip, flips[:MAX_FLIPS])),
        )

    async def _run(self, verdicts: Verdicts, guard: Guard) -> None:
        indexes = await verdicts.indexes(self.order.period)
        self.total = len(indexes)
        for start in range(0, len(indexes), READ_AT_ONCE):
            batch = indexes[start : start + READ_AT_ONCE]
            found, self.checkpoint = await verdicts.read(batch)
            self.total -= len(batch) - len(found)
            try:
                async with asyncio.TaskGroup() as group:
                    for recorded in found:
                        group.create_task(self._judge(recorded, guard))
            except ExceptionGroup as failed:
                raise failed.exceptions[0] from failed

    async def _judge(self, recorded: Recorded, guard: Guard) -> None:
        question = self._question(recorded)
        if question is None:
            self.skipped += 1
        else:
            judgement = await self._answer(question, guard)
            self.outcomes.append(self._outcome(recorded, judgement))
        self._tell()

    def _question(self, recorded: Recorded) -> Question | None:
        """None when the log has no longer what the guard was asked then."""
        task = recorded.task
        if recorded.program is None or (task is None and self.order.layers == "all"):
            return None
        return Question(
            program=recorded.program,
            task=task or "",
            inputs=recorded.inputs,
            scope=recorded.policy.scope.name,
            document=self.order.document,
            layers=self.order.layers,
        )

    async def _answer(self, question: Question, guard: Guard) -> Judgement | None:
        """What the guard says; of equal questions only one is put."""
        key = _key(question)
        if key not in self._known:
            self._known[key] = asyncio.ensure_future(self._ask(question, guard))
        try:
            return await asyncio.shield(self._known[key])
        except ServiceError:
            self._known.pop(key, None)
            if self._gone:
                raise
            return None

    async def _ask(self, question: Question, guard: Guard) -> Judgement:
        async with self._slots:
            if self._gone:
                raise self._gone
            try:
                answer = await guard.judge(question)
            except ServiceError as error:
                self._unanswered_in_a_row += 1
                if error.reason in _HOPELESS or self._unanswered_in_a_row >= GIVE_UP:
                    self._gone = error
                raise
            self._unanswered_in_a_row = 0
            return answer

    def _outcome(self, recorded: Recorded, judgement: Judgement | None) -> Outcome:
        old = recorded.judged
        if self.order.layers == "rules":
            old = by_rules_alone(old.verdict, recorded.findings)
        policy = judgement.policy if judgement else None
        compared = Compared(
            id=str(recorded.index),
            old=old,
            new=judgement.judged if judgement else Judged(NO_ANSWER),
            caller=recorded.caller,
            scope=recorded.policy.scope.name,
            scope_changed=policy is not None and policy.scope.sha256 != recorded.policy.scope.sha256,
        )
        # What was judged stays in the log; a long replay does not keep its programs in memory.
        return Outcome(replace(recorded, program=None, task=None, findings=()), compared, policy)

    def _tell(self) -> None:
        grown, self._grown = self._grown, asyncio.Event()
        grown.set()


def _key(question: Question) -> bytes:
    names = "\0".join(item.name for item in question.inputs)
    digest = hashlib.sha256(question.program)
    for text in (question.task, question.scope, names):
        digest.update(len(text.encode()).to_bytes(8, "big") + text.encode())
    return digest.digest()


def _counted(policies: Sequence[Policy]) -> tuple[Policy, ...]:
    """Each once, with how many verdicts it judged."""
    counts = Counter(policies).items()
    return ordered([msgspec.structs.replace(policy, verdicts=count) for policy, count in counts])


def _named(rules: Sequence[str]) -> tuple[str, ...]:
    return tuple(rule[:MAX_RULE_CHARS] for rule in rules[:MAX_RULES])


def _flip(outcome: Outcome) -> Flip:
    compared = outcome.compared
    return Flip(
        index=outcome.recorded.index,
        leaf_hash=outcome.recorded.leaf_hash.hex(),
        before=compared.old.verdict,
        after=compared.new.verdict,
        came=_named(compared.came),
        went=_named(compared.went),
    )
