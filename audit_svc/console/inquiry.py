"""Puts questions to a guard: equal ones once, a few at a time, and none to a guard that is gone.

Knows why a guard does not answer. Must not know where questions come from, or what answers mean.
"""

from __future__ import annotations

import asyncio
import hashlib
from typing import Final

from audit_svc.console.guards import Guard, Judgement, Question
from placet.rpc.errors import ServiceError

AT_ONCE: Final = 4
"""Questions to a guard that are open at a time."""
GIVE_UP: Final = 20
"""Questions without an answer, one after the other, after which a guard is taken to be gone."""
_HOPELESS: Final = frozenset({"SCOPE_INVALID", "CALLER_NOT_ALLOWED", "CALLER_UNKNOWN"})
"""Reasons that would be those of every further question."""


class Inquiry:
    """One guard's answers to the questions of one replay, which differ in program, task, scope and inputs."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._asked: dict[bytes, asyncio.Task[Judgement]] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._unanswered_in_a_row = 0
        self._gone: ServiceError | None = None

    async def answer(self, question: Question) -> Judgement | None:
        """What the guard says; None when it has no answer to this one.

        Raises ServiceError when there is no use in asking it anything more.
        """
        key = _key(question)
        if key not in self._asked:
            self._asked[key] = asyncio.ensure_future(self._ask(question))
        try:
            return await asyncio.shield(self._asked[key])
        except ServiceError:
            self._asked.pop(key, None)
            if self._gone:
                raise
            return None

    def close(self) -> None:
        """Ask nothing more."""
        for asked in self._asked.values():
            asked.cancel()
        self._asked.clear()

    async def _ask(self, question: Question) -> Judgement:
        async with self._slots:
            if self._gone:
                raise self._gone
            try:
                answer = await self._guard.judge(question)
            except ServiceError as error:
                self._unanswered_in_a_row += 1
                if error.reason in _HOPELESS or self._unanswered_in_a_row >= GIVE_UP:
                    self._gone = error
                raise
            self._unanswered_in_a_row = 0
            return answer


def _key(question: Question) -> bytes:
    names = "\0".join(item.name for item in question.inputs)
    digest = hashlib.sha256(question.program)
    texts = (question.task, question.scope, names)
    for part in (question.plan, *(text.encode() for text in texts)):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()
