"""The next program of a task, on record before anybody is told of it.

Knows authors and the log. Must not know guard or executor.
"""

import asyncio
import hashlib
from typing import Final

import grpc

from generator_svc.authors import Author
from generator_svc.ports import ProgramWritten, Progress, Tell, Written
from generator_svc.recording import record_late, stage
from generator_svc.task import Task
from placet.audit.client import AuditLog
from placet.llm.chat import Cost, ModelError
from placet.rpc.deadline import Deadline
from placet.rpc.errors import ServiceError

NO_PLAN: Final = "NO_PLAN"
# Another reply may hold a usable program; any other failure is the model's and would come again.
_WORTH_ANOTHER_REPLY: Final = frozenset({"MODEL_REPLY_UNUSABLE", "MODEL_REPLY_TRUNCATED"})


class Writing:
    """The programs of one task: its authors in turn, one at least."""

    def __init__(self, authors: list[Author], log: AuditLog, task: Task, tell: Tell) -> None:
        self._authors, self._log, self._task, self._tell = authors, log, task, tell

    @property
    def author(self) -> Author:
        """Who wrote last, or writes next."""
        return self._authors[0]

    def goes_on(self) -> bool:
        """Whether somebody may write another program; who has no try left makes room."""
        while self._authors and self._authors[0].tries < 1:
            self._authors.pop(0)
        return bool(self._authors)

    async def next(self, attempt: int, deadline: Deadline, *, last: bool) -> Written | None:
        """The next program; None when an answer held none, and this was not the last attempt.

        Raises ServiceError MODEL_* when there is none.
        """
        await self._tell(Progress("generating", attempt))
        while True:
            try:
                written = await self._written(attempt, deadline)
            except ModelError as err:
                await self._record_none(attempt, err.reason, err.cost)
                self.author.unusable()
                if err.reason in _WORTH_ANOTHER_REPLY and not last and self.goes_on():
                    return None
                raise model_failure(err) from err
            if written is not None:
                await self._record(written, attempt)
                return written
            # Whoever has nothing for this task used up no attempt: the next author writes.
            await self._record_none(attempt, NO_PLAN, self.author.cost())
            self._authors.pop(0)

    async def _written(self, attempt: int, deadline: Deadline) -> Written | None:
        self.author.tries -= 1
        try:
            with stage("generating"):
                return await self.author.write(attempt, deadline)
        except asyncio.CancelledError:
            body = self._none(attempt, "CANCELLED", self.author.cost())
            await record_late(self._log, "generation_failed", body, self._task.request_id)
            raise

    async def _record_none(self, attempt: int, reason: str, cost: Cost) -> None:
        body = self._none(attempt, reason, cost)
        await self._log.append("generation_failed", body, request_id=self._task.request_id)

    def _none(self, attempt: int, reason: str, cost: Cost) -> dict[str, object]:
        return {
            "reason": reason,
            "attempt": attempt,
            "prompt_tokens": cost.prompt_tokens,
            "completion_tokens": cost.completion_tokens,
            "caller": self._task.caller,
        }

    async def _record(self, written: Written, attempt: int) -> None:
        digest = hashlib.sha256(written.program).digest()
        body: dict[str, object] = {
            "program_sha256": digest.hex(),
            "attempt": attempt,
            "model": written.model,
            "prompt_sha256": hashlib.sha256(written.prompt).hexdigest(),
            "prompt_tokens": written.prompt_tokens,
            "completion_tokens": written.completion_tokens,
            "caller": self._task.caller,
        }
        bodies = {"program": written.program, "prompt": written.prompt, "reply": written.reply}
        if written.plan:
            body["plan_sha256"] = hashlib.sha256(written.plan).hexdigest()
            bodies["plan"] = written.plan
        await self._log.append("program_generated", body, request_id=self._task.request_id, bodies=bodies)
        await self._tell(ProgramWritten(written.program, digest, attempt, written.model, written.plan))


def model_failure(err: ModelError) -> ServiceError:
    """A model that gave no program, as the caller sees it: no answer, and never a denial."""
    code = (
        grpc.StatusCode.FAILED_PRECONDITION
        if err.reason == "MODEL_REQUEST_REJECTED"
        else grpc.StatusCode.UNAVAILABLE
    )
    return ServiceError(
        code, err.reason, f"No program was written: {err.message}.", retry_after_s=err.retry_after_s
    )
