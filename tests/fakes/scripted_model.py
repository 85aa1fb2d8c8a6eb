"""A reviewer model without a mind: says what a test tells it, keeps what it was asked, breaks on command."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence

from placet.llm.chat import Choice, ModelError, Reply

Messages = Sequence[Mapping[str, str]]
CLEAN = json.dumps({"findings": [], "outcome": "ALLOW"})


def reasons(quote: str, *, line: int = 1, category: str = "network", outcome: str = "DENY") -> str:
    """A stage-two reply that cites one quote."""
    finding = {"category": category, "line": line, "quote": quote, "explanation": "it does that"}
    return json.dumps({"findings": [finding], "outcome": outcome})


class ScriptedModel:
    """`guard_svc.reviewer.Chat`.

    `no` is the probability of the second option (DENY, NO), or a function of what is asked.
    `fault` is raised at every question but the first `fault_after`, `reason_fault` only where reasons are
    asked for.
    """

    def __init__(
        self,
        no: float | Callable[[str], float] = 0.0,
        *,
        reasons: str = CLEAN,
        logprobs: bool = True,
        fault: ModelError | None = None,
        fault_after: int = 0,
        reason_fault: ModelError | None = None,
        hangs: bool = False,
    ) -> None:
        self.no = no
        self.reasons = reasons
        self.logprobs = logprobs
        self.fault, self.fault_after = fault, fault_after
        self.reason_fault = reason_fault
        self.hangs = hangs
        self.asked: list[str] = []
        self.waiting = asyncio.Event()

    async def choose(self, messages: Messages, options: Sequence[str], *, deadline_s: float) -> Choice:
        text = await self._hear(messages)
        no = self.no(text) if callable(self.no) else self.no
        option = options[1] if no >= 0.5 else options[0]
        probabilities = {options[0]: 1 - no, options[1]: no} if self.logprobs else None
        return Choice(option, probabilities, "scripted", 1000, 1, 900)

    async def reply(
        self,
        messages: Messages,
        *,
        max_tokens: int,
        temperature: float = 0.0,
        schema: Mapping[str, object] | None = None,
        deadline_s: float,
    ) -> Reply:
        await self._hear(messages)
        if self.reason_fault is not None:
            raise self.reason_fault
        return Reply(self.reasons, "scripted", "stop", 1, 1, bytes(32))

    async def _hear(self, messages: Messages) -> str:
        self.asked.append(messages[-1]["content"])
        if self.hangs:
            self.waiting.set()
            await asyncio.Event().wait()
        if self.fault is not None and len(self.asked) > self.fault_after:
            raise self.fault
        return messages[-1]["content"]
