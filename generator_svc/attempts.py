"""The attempts at one task: write, review (by people, if the guard says so), run; and again, knowing more.

Decides what happens next; reaches nothing itself (ports.py). A verdict is told to the caller only when its
record is durable.
"""

from dataclasses import dataclass

import grpc

from generator_svc.authors import Author
from generator_svc.authorship import MAX_ATTEMPTS, authors_of
from generator_svc.places import Places
from generator_svc.ports import (
    Executor,
    Guard,
    Outcome,
    People,
    Planner,
    Progress,
    Review,
    RunEnded,
    Tell,
    Verdict,
    VerdictReached,
    Writer,
    Written,
)
from generator_svc.profile import profile
from generator_svc.prompt import ScopeBrief
from generator_svc.recording import RECORD_END_S, stage
from generator_svc.running import Runs
from generator_svc.task import Task, TaskRefused
from generator_svc.writing import Writing
from placet.audit.client import AuditLog
from placet.rpc import metrics
from placet.rpc.deadline import Deadline
from placet.rpc.errors import ServiceError

_REFUSALS = frozenset(
    {grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT}
)


@dataclass(frozen=True)
class Ports:
    """The world, passed in."""

    log: AuditLog
    guard: Guard
    executor: Executor
    writer: Writer
    people: People
    planner: Planner


@dataclass(frozen=True)
class Answer:
    """How a task ended, and its last run."""

    outcome: Outcome
    run: RunEnded | None = None


class Attempts:
    """The attempts at one task."""

    def __init__(self, ports: Ports, places: Places, task: Task, tell: Tell, deadline: Deadline) -> None:
        self._ports, self._places = ports, places
        self._task, self._tell, self._deadline = task, tell, deadline
        self._runs = Runs(ports.executor, places, task, tell, deadline)

    async def run(self) -> Answer:
        """Screen, then at most three programs; a plan that cannot be made is none."""
        await self._tell(Progress("screening"))
        scope = await self._describe_scope()
        if not await self._in_scope():
            return Answer(Outcome.DENIED)
        writing = Writing(await self._authors_in(scope), self._ports.log, self._task, self._tell)
        answer = Answer(Outcome.DENIED)
        for attempt in range(1, MAX_ATTEMPTS + 1):
            written = await writing.next(attempt, self._deadline, last=attempt == MAX_ATTEMPTS)
            if written is None:
                continue
            answer, final = await self._try(written, writing.author, attempt, answer)
            if final or not writing.goes_on():
                return answer
        return answer

    async def _try(
        self, written: Written, author: Author, attempt: int, before: Answer
    ) -> tuple[Answer, bool]:
        """What became of one program, and whether that is the last word."""
        review = await self._review(written, attempt)
        if review.verdict is Verdict.NEEDS_REVIEW:
            review = await self._by_people(written.program, review, attempt)
            if review.verdict is not Verdict.ALLOWED:  # people have the last word: nothing else is tried
                return Answer(Outcome(review.verdict.value), before.run), True
        if review.verdict is Verdict.DENIED:
            author.denied([f.rule_id for f in review.findings])
            return Answer(Outcome.DENIED, before.run), False
        with stage("running"):
            ended, stderr = await self._runs.run(written.program, review.approval, attempt)
        if not (ended.raised or ended.violated):
            return Answer(Outcome.DONE if ended.succeeded else Outcome.PROGRAM_FAILED, ended), True
        author.failed(ended, written.program, stderr)
        return Answer(Outcome.PROGRAM_FAILED, ended), False

    async def _describe_scope(self) -> ScopeBrief:
        try:
            return await self._ports.guard.describe_scope(self._task, self._deadline)
        except ServiceError as err:
            if err.code in _REFUSALS:
                await self._record_refusal(err.reason, err.message)
            raise

    async def _authors_in(self, scope: ScopeBrief) -> list[Author]:
        profiles = [
            profile(i.name, i.content, sample_rows=scope.sample_rows, grants=scope.columns)
            for i in self._task.inputs
        ]
        try:
            return authors_of(self._task.text, scope, profiles, self._ports.writer, self._ports.planner)
        except TaskRefused as err:
            await self._record_refusal(err.reason, err.message)
            raise ServiceError(grpc.StatusCode.INVALID_ARGUMENT, err.reason, err.message) from err

    async def _in_scope(self) -> bool:
        with stage("screening"):
            screening = await self._ports.guard.screen(self._task, self._deadline)
        if not screening.in_scope:
            await self._record_refusal("TASK_OUT_OF_SCOPE", "The task is outside the scope's purpose.")
            await self._tell(VerdictReached(Verdict.DENIED, 100, screening.findings, "screening", True, 0))
        return screening.in_scope

    async def _record_refusal(self, reason: str, message: str) -> None:
        body = {"reason": reason, "message": message, "caller": self._task.caller, "scope": self._task.scope}
        await self._ports.log.append("task_refused", body, request_id=self._task.request_id)

    async def _review(self, written: Written, attempt: int) -> Review:
        await self._tell(Progress("reviewing", attempt))
        with stage("reviewing"):
            review = await self._ports.guard.review(
                self._task, written.program, self._deadline, plan=written.plan
            )
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
            with stage("awaiting_review"), metrics.TASKS_AWAITING_PEOPLE.track_inprogress():
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
