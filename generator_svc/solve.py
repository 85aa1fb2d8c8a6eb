"""The way of one task through the chain, and what is on record at each step.

Decides what happens next; reaches nothing itself (ports.py). Program and verdict are told to the caller
only when their records are durable, and every task that is on record gets a `task_finished`, also when it
is cancelled.
"""

import asyncio
import hashlib
import uuid
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, aclosing
from dataclasses import dataclass

import grpc
import structlog

from generator_svc import prompt
from generator_svc.places import Places
from generator_svc.ports import (
    Executor,
    Finished,
    Guard,
    Outcome,
    People,
    ProgramWritten,
    Progress,
    Review,
    RunEnded,
    RunOutput,
    Tell,
    Verdict,
    VerdictReached,
    Writer,
    Written,
)
from generator_svc.profile import profile
from generator_svc.task import Task
from placet.audit.client import Appended, AuditLog
from placet.llm.chat import Cost, ModelError
from placet.rpc import metrics
from placet.rpc.deadline import Deadline
from placet.rpc.errors import ServiceError

MAX_ATTEMPTS = 3
MAX_STDERR_KEPT = 16 * 1024
RECORD_END_S = 15.0
PATIENCE_S = 60.0
"""How long an approved program waits, in all, where an executor is busy or a quota used up: its tokens are
spent, and its approval holds for minutes."""
CALLER_AHEAD_S = 0.5
"""A caller's clock for the same deadline started earlier: by as much as its call needed to get here."""
# Another reply may hold a usable program; any other failure is the model's and would come again.
_WORTH_ANOTHER_REPLY = frozenset({"MODEL_REPLY_UNUSABLE", "MODEL_REPLY_TRUNCATED"})
_REFUSALS = frozenset(
    {grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT}
)

_log = structlog.get_logger()


@dataclass(frozen=True)
class Ports:
    """The world, passed in."""

    log: AuditLog
    guard: Guard
    executor: Executor
    writer: Writer
    people: People


@dataclass(frozen=True)
class _Answer:
    outcome: Outcome
    run: RunEnded | None = None


class Solver:
    """Takes tasks through the chain; keeps nothing between two tasks."""

    def __init__(self, ports: Ports, places: Places) -> None:
        """A task has its place in `places` already, and leaves it to others while it waits for people."""
        self._ports, self._places = ports, places

    async def solve(self, task: Task, tell: Tell, deadline: Deadline) -> None:
        """Solve one task; the last event told is Finished.

        Raises ServiceError when there is no answer: ALREADY_EXISTS/REQUEST_ID_USED for a request id that
        is on record, RESOURCE_EXHAUSTED/QUOTA_EXCEEDED, MODEL_* when the model gave no program, and the
        reasons of guard, executor and log.
        """
        await self._receive(task)
        try:
            answer = await _Attempts(self._ports, self._places, task, tell, deadline).run()
        except ServiceError as err:
            await self._end_unanswered(task, "UNANSWERED", err.reason)
            raise
        except asyncio.CancelledError:
            expired = deadline.remaining_s(keep_s=CALLER_AHEAD_S) == 0
            await self._end_unanswered(
                task, "UNANSWERED" if expired else "CANCELLED", "DEADLINE_EXCEEDED" if expired else ""
            )
            raise
        except Exception:
            await self._end_unanswered(task, "UNANSWERED", "INTERNAL")
            raise
        metrics.TASKS.labels(answer.outcome.value).inc()
        record = await self._ports.log.append(
            "task_finished", {"outcome": answer.outcome.value}, request_id=task.request_id
        )
        await tell(Finished(answer.outcome, answer.run, record))

    async def refuse(self, request_id: str, caller: str, reason: str, message: str) -> None:
        """Record a task that was refused before it was received."""
        body = {"reason": reason, "message": message, "caller": caller}
        await self._ports.log.append("task_refused", body, request_id=request_id)

    async def _receive(self, task: Task) -> None:
        body = {
            "task_sha256": task.sha256.hex(),
            "scope": task.scope,
            "caller": task.caller,
            "inputs": [{"name": i.name, "sha256": i.sha256.hex(), "size": i.size} for i in task.inputs],
            # Makes two requests with one id differ, so that the second is refused instead of repeated.
            "solve_id": uuid.uuid4().hex,
        }
        try:
            await self._ports.log.append(
                "task_received",
                body,
                request_id=task.request_id,
                bodies={"task": task.text.encode()},
                idempotency_key=f"task:{task.request_id}",
            )
        except ServiceError as err:
            if err.reason != "IDEMPOTENCY_CONFLICT":
                raise
            raise ServiceError(
                grpc.StatusCode.ALREADY_EXISTS,
                "REQUEST_ID_USED",
                f"The request id {task.request_id} is on record already. Use a new one for a new task.",
            ) from err

    async def _end_unanswered(self, task: Task, outcome: str, reason: str) -> None:
        metrics.TASKS.labels(outcome).inc()
        body = {"outcome": outcome, **({"reason": reason} if reason else {})}
        await _record_late(self._ports.log, "task_finished", body, task.request_id)


class _Attempts:
    """The attempts at one task."""

    def __init__(self, ports: Ports, places: Places, task: Task, tell: Tell, deadline: Deadline) -> None:
        self._ports, self._places = ports, places
        self._task, self._tell, self._deadline = task, tell, deadline

    async def run(self) -> _Answer:
        """Screen, then at most three times: write, review (by people, if the guard says so), run."""
        await self._tell(Progress("screening"))
        scope = await self._describe_scope()
        if not await self._in_scope():
            return _Answer(Outcome.DENIED)
        profiles = [profile(i.name, i.content, sample_rows=scope.sample_rows) for i in self._task.inputs]
        first = messages = prompt.first(self._task.text, scope, profiles)
        answer = _Answer(Outcome.DENIED)
        for attempt in range(1, MAX_ATTEMPTS + 1):
            written = await self._write(messages, attempt)
            if written is None:
                messages = prompt.after_unusable(first)
                continue
            review = await self._review(written.program, attempt)
            if review.verdict is Verdict.NEEDS_REVIEW:
                review = await self._by_people(written.program, review, attempt)
                if review.verdict is not Verdict.ALLOWED:  # people have the last word: nothing else is tried
                    return _Answer(Outcome(review.verdict.value), answer.run)
            if review.verdict is Verdict.DENIED:
                answer = _Answer(Outcome.DENIED, answer.run)
                messages = prompt.after_denial(first, [f.rule_id for f in review.findings])
                continue
            with _stage("running"):
                ended, stderr = await self._execute(written.program, review.approval, attempt)
            if not ended.raised:
                return _Answer(Outcome.DONE if ended.succeeded else Outcome.PROGRAM_FAILED, ended)
            answer = _Answer(Outcome.PROGRAM_FAILED, ended)
            messages = prompt.after_failure(first, written.program.decode(), stderr)
        return answer

    async def _describe_scope(self) -> prompt.ScopeBrief:
        try:
            return await self._ports.guard.describe_scope(self._task, self._deadline)
        except ServiceError as err:
            if err.code in _REFUSALS:
                await self._record_refusal(err.reason, err.message)
            raise

    async def _in_scope(self) -> bool:
        with _stage("screening"):
            screening = await self._ports.guard.screen(self._task, self._deadline)
        if not screening.in_scope:
            await self._record_refusal("TASK_OUT_OF_SCOPE", "The task is outside the scope's purpose.")
            await self._tell(VerdictReached(Verdict.DENIED, 100, screening.findings, "screening", True, 0))
        return screening.in_scope

    async def _record_refusal(self, reason: str, message: str) -> None:
        body = {"reason": reason, "message": message, "caller": self._task.caller, "scope": self._task.scope}
        await self._ports.log.append("task_refused", body, request_id=self._task.request_id)

    async def _write(self, messages: Sequence[prompt.Message], attempt: int) -> Written | None:
        """The next program, on record; None when the reply held none and there is another attempt."""
        await self._tell(Progress("generating", attempt))
        try:
            with _stage("generating"):
                written = await self._ports.writer.write(messages, attempt=attempt, deadline=self._deadline)
        except asyncio.CancelledError:
            body = self._no_program(attempt, "CANCELLED", self._ports.writer.estimated_cost(messages))
            await _record_late(self._ports.log, "generation_failed", body, self._task.request_id)
            raise
        except ModelError as err:
            body = self._no_program(attempt, err.reason, err.cost)
            await self._ports.log.append("generation_failed", body, request_id=self._task.request_id)
            if err.reason in _WORTH_ANOTHER_REPLY and attempt < MAX_ATTEMPTS:
                return None
            raise model_failure(err) from err
        digest = hashlib.sha256(written.program).digest()
        await self._record_program(written, digest, attempt)
        await self._tell(ProgramWritten(written.program, digest, attempt, written.model))
        return written

    def _no_program(self, attempt: int, reason: str, cost: Cost) -> dict[str, object]:
        return {
            "reason": reason,
            "attempt": attempt,
            "prompt_tokens": cost.prompt_tokens,
            "completion_tokens": cost.completion_tokens,
            "caller": self._task.caller,
        }

    async def _record_program(self, written: Written, digest: bytes, attempt: int) -> Appended:
        body = {
            "program_sha256": digest.hex(),
            "attempt": attempt,
            "model": written.model,
            "prompt_sha256": hashlib.sha256(written.prompt).hexdigest(),
            "prompt_tokens": written.prompt_tokens,
            "completion_tokens": written.completion_tokens,
            "caller": self._task.caller,
        }
        bodies = {"program": written.program, "prompt": written.prompt, "reply": written.reply}
        return await self._ports.log.append(
            "program_generated", body, request_id=self._task.request_id, bodies=bodies
        )

    async def _review(self, program: bytes, attempt: int) -> Review:
        await self._tell(Progress("reviewing", attempt))
        with _stage("reviewing"):
            review = await self._ports.guard.review(self._task, program, self._deadline)
        if review.verdict is Verdict.ALLOWED and not review.approval:
            raise ServiceError(
                grpc.StatusCode.INTERNAL,
                "APPROVAL_MISSING",
                "The guard allowed the program without an approval.",
            )
        await self._tell_verdict(review, attempt)
        return review

    async def _by_people(self, program: bytes, review: Review, attempt: int) -> Review:
        """People's answer in place of the guard's; that one, when they gave none in the time they have."""
        wait_s = min(self._task.review_wait_s, self._deadline.remaining_s(keep_s=RECORD_END_S))
        with self._places.waiting(self._task.caller) as may_wait:
            if wait_s <= 0 or not may_wait:
                return review
            await self._tell(Progress("awaiting_review", attempt, f"for at most {wait_s:.0f} s"))
            deciding = self._ports.people.decided(self._task, program, wait_s)
            with _stage("awaiting_review"), metrics.TASKS_AWAITING_PEOPLE.track_inprogress():
                decided = await self._places.unless_closing(deciding)
        if decided is None:
            return review
        verdict = Verdict.ALLOWED if decided.allowed else Verdict.DENIED
        findings = (decided.finding(),)
        answer = Review(verdict, review.risk_pct, findings, decided.decided_by, decided.approval)
        await self._tell_verdict(answer, attempt)
        return answer

    async def _tell_verdict(self, review: Review, attempt: int) -> None:
        await self._tell(
            VerdictReached(
                review.verdict,
                review.risk_pct,
                review.findings,
                review.decided_by,
                screening=False,
                attempt=attempt,
                advice=review.advice,
            )
        )

    async def _execute(self, program: bytes, approval: bytes, attempt: int) -> tuple[RunEnded, str]:
        """The run's end and the end of its stderr; what is refused for now alone is tried again."""
        patience_s = min(PATIENCE_S, self._deadline.remaining_s(keep_s=RECORD_END_S))
        while True:
            await self._tell(Progress("running", attempt))
            try:
                return await self._run(program, approval)
            except ServiceError as err:
                pause_s = err.retry_after_s
                if (
                    err.code is not grpc.StatusCode.RESOURCE_EXHAUSTED
                    or pause_s is None
                    or pause_s > patience_s
                ):
                    raise
                patience_s -= pause_s
                if not await self._step_aside(pause_s):
                    raise

    async def _step_aside(self, pause_s: float) -> bool:
        """Wait, with this task's place left to others. False: it could not, or the service stops."""
        with self._places.waiting(self._task.caller) as may_wait:
            waited = await self._places.unless_closing(asyncio.sleep(pause_s, True)) if may_wait else None
        return waited is True

    async def _run(self, program: bytes, approval: bytes) -> tuple[RunEnded, str]:
        """As `_execute`; everything that the program wrote is told on the way.

        Raises ServiceError: RESOURCE_EXHAUSTED only before anything was spent.
        """
        stderr = b""
        events = self._ports.executor.run(self._task, program, approval, self._deadline)
        async with aclosing(events) as run:  # type: ignore[type-var]
            async for event in run:
                if isinstance(event, RunEnded):
                    return event, stderr.decode(errors="replace")
                if isinstance(event, RunOutput) and event.stream == "stderr":
                    stderr = (stderr + event.data)[-MAX_STDERR_KEPT:]
                await self._tell(event)
        raise ServiceError(
            grpc.StatusCode.INTERNAL, "RUN_UNFINISHED", "The executor's answer ended before the run did."
        )


async def _record_late(log: AuditLog, kind: str, body: Mapping[str, object], request_id: str) -> None:
    """Record something although something failed; a second failure is logged and hides nothing."""
    # Shielded: a caller that went away does not take the record with it.
    await asyncio.shield(asyncio.ensure_future(_append_late(log, kind, body, request_id)))


async def _append_late(log: AuditLog, kind: str, body: Mapping[str, object], request_id: str) -> None:
    try:
        async with asyncio.timeout(RECORD_END_S):
            await log.append(kind, body, request_id=request_id)
    except (ServiceError, TimeoutError) as err:
        _log.error(f"{kind} is not on record", request_id=request_id, error=str(err), **body)


def _stage(name: str) -> AbstractContextManager[object]:
    """Times what is done inside, however it ends."""
    return metrics.TASK_STAGE_SECONDS.labels(name).time()


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
