"""Asks the guard about many programs at once, without record. Knows the client; counts and prints nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from placet.answers import Review
from placet.cli.cases import Case
from placet.cli.measure import Assessed
from placet.client import Placet
from placet.inputs import Input
from placet.rpc.errors import ServiceError
from placet.scope import Companions

Layers = Literal["rules", "all", "reviewer"]
"""`reviewer`: as `all`, and the model is asked even about programs that the rules deny."""


@dataclass(frozen=True)
class Plan:
    """What to assess each case with; a case's own scope goes before this one's name."""

    scope: str
    document: bytes = field(repr=False, default=b"")
    layers: Layers = "all"
    timeout_s: float = 120.0
    jobs: int = 4
    files: Companions = field(repr=False, default_factory=dict)
    """What stands beside the scope that `document` is."""


@dataclass(frozen=True)
class Answer:
    """One case's outcome: a review, or the error that came instead of one."""

    case: Case
    ms: float
    review: Review | None
    error: ServiceError | None

    @property
    def verdict(self) -> str:
        """The verdict's word; NO_ANSWER where there is none."""
        return self.review.verdict.value if self.review else "NO_ANSWER"

    @property
    def rule_ids(self) -> tuple[str, ...]:
        """The findings' rules, each once, in their order."""
        found = self.review.findings if self.review else ()
        return tuple(dict.fromkeys(finding.rule_id for finding in found))

    def assessed(self) -> Assessed:
        """What the summary needs of it."""
        verdict = self.review.verdict if self.review else None
        return Assessed(self.case.id, self.case.label, self.case.category, verdict, self.ms)

    def to_json(self) -> dict[str, Any]:
        """One line of `eval --json`."""
        if self.review is None:
            reason = self.error.reason if self.error else ""
            return {"id": self.case.id, "verdict": None, "error": reason, "ms": self.ms}
        rule_ids = [finding.rule_id for finding in self.review.findings]
        return {
            "id": self.case.id,
            "verdict": self.review.verdict.value,
            "risk": self.review.risk,
            "findings": rule_ids,
            "ms": self.ms,
        }


async def assess_all(
    state: Path | None, plan: Plan, cases: Sequence[Case], on_answer: Callable[[Answer], None]
) -> list[Answer]:
    """All cases, `plan.jobs` at a time; answers in the order of the cases, told as they come."""
    slots = asyncio.Semaphore(plan.jobs)
    async with Placet.connect(state) as placet:

        async def one(case: Case) -> Answer:
            async with slots:
                answer = await _assess(placet, plan, case)
            on_answer(answer)
            return answer

        return await asyncio.gather(*(one(case) for case in cases))


async def _assess(placet: Placet, plan: Plan, case: Case) -> Answer:
    started = time.perf_counter()
    review, failure = None, None
    try:
        review = await placet.assess(
            case.code,
            scope=case.scope or plan.scope,
            scope_document=b"" if case.scope else plan.document,
            scope_files={} if case.scope else plan.files,
            task=case.task,
            plan=case.plan,
            inputs=[Input(name, b"") for name in case.inputs],
            rules_only=plan.layers == "rules",
            always_ask=plan.layers == "reviewer",
            timeout_s=plan.timeout_s,
        )
    except ServiceError as error:
        failure = error
    return Answer(case, round((time.perf_counter() - started) * 1000, 1), review, failure)
