"""A replay: a guard is asked again about recorded programs, and what flips is kept (docs/replay-format.md).

Knows how verdicts are compared and counted. Must not know gRPC, pages or signatures.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal

import structlog

from audit_svc.console.guards import Guard, Judgement, Layers, Question
from audit_svc.console.inquiry import Inquiry
from audit_svc.console.people import Person
from audit_svc.console.recorded import READ_AT_ONCE, Period, Recorded, Verdicts
from placet.audit.replay_report import Policy
from placet.flips import NO_ANSWER, Compared, Judged, by_rules_alone, summary
from placet.rpc.errors import ServiceError

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
        inquiry = Inquiry(guard)
        try:
            await self._run(verdicts, inquiry)
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
            inquiry.close()
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

    async def _run(self, verdicts: Verdicts, inquiry: Inquiry) -> None:
        indexes = await verdicts.indexes(self.order.period)
        self.total = len(indexes)
        for start in range(0, len(indexes), READ_AT_ONCE):
            batch = indexes[start : start + READ_AT_ONCE]
            found, self.checkpoint = await verdicts.read(batch)
            self.total -= len(batch) - len(found)
            try:
                async with asyncio.TaskGroup() as group:
                    for recorded in found:
                        group.create_task(self._judge(recorded, inquiry))
            except ExceptionGroup as failed:
                raise failed.exceptions[0] from failed

    async def _judge(self, recorded: Recorded, inquiry: Inquiry) -> None:
        question = self._question(recorded)
        if question is None:
            self.skipped += 1
        else:
            judgement = await inquiry.answer(question)
            self.outcomes.append(self._outcome(recorded, judgement))
        self._tell()

    def _question(self, recorded: Recorded) -> Question | None:
        """None when the log has no longer what the guard was asked then."""
        task = recorded.task
        if recorded.program is None or (task is None and self.order.layers == "all"):
            return None
        return Question(
            program=recorded.program,
            plan=recorded.plan,
            task=task or "",
            inputs=recorded.inputs,
            scope=recorded.policy.scope.name,
            document=self.order.document,
            layers=self.order.layers,
        )

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
        return Outcome(replace(recorded, program=None, task=None, plan=b"", findings=()), compared, policy)

    def _tell(self) -> None:
        grown, self._grown = self._grown, asyncio.Event()
        grown.set()
