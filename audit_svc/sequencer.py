"""The log's one writer: gathers appends, commits them together, and answers each when it is durable.

Knows the order of things: lead, read on, plan, sign, commit, answer, and the checkpoint file beside the next
batch. Must not know gRPC servers or who may append what. Its memory does not grow with the log.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import grpc
import structlog

from audit_svc.anchor import Anchor, LogInconsistent
from audit_svc.batch import Batch, Draft, Outcome
from audit_svc.head import Head as Head
from audit_svc.head import read_on
from audit_svc.ledger import Asked, Ledger, Refusal
from audit_svc.quota import Quotas
from audit_svc.store.types import Growth, StandingBy, Store, StoreFailed
from audit_svc.usage import Used
from placet.audit.checkpoint import LogSigner
from placet.audit.client import Appended
from placet.audit.record import Record
from placet.audit.tiles import Frontier
from placet.rpc import metrics
from placet.rpc.errors import ServiceError

NO_QUOTAS: Final = Quotas()
MAX_BATCH: Final = 256
MAX_PENDING: Final = 4096
MAX_PENDING_BYTES: Final = 256 * 1024 * 1024
"""Bodies waiting in memory."""
HANGS_S: Final = 10.0
"""A database that has not answered for so long is not healthy."""
_log = structlog.get_logger()


@dataclass
class _Waiting:
    draft: Draft
    answer: asyncio.Future[Appended]


def utc_now() -> str:
    """RFC 3339, UTC, microseconds."""
    return f"{datetime.now(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


class Sequencer:
    """Appends to one log. `open` first; `append` from one event loop; `close` at the end."""

    def __init__(
        self,
        store: Store,
        signer: LogSigner,
        anchor: Anchor,
        *,
        clock: Callable[[], str] = utc_now,
        quotas: Quotas = NO_QUOTAS,
    ) -> None:
        self._store, self._signer, self._anchor, self._clock = store, signer, anchor, clock
        self._ledger = Ledger(quotas)
        self.head = Head(Frontier(), "")
        """What readers may be shown: the last published checkpoint and its tree."""
        self._committed = self.head
        self._caught_up = False
        """Whether `_committed` is known to be all that the database holds, and this process may write."""
        self._last_time = ""
        self._waiting: deque[_Waiting] = deque()
        self._waiting_bytes = 0
        self._wake = asyncio.Event()
        self._grown = asyncio.Condition()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="log-writer")
        self._file_thread = ThreadPoolExecutor(1, thread_name_prefix="checkpoint-file")
        self._file_written: Future[None] = Future()
        self._task: asyncio.Task[None] | None = None
        self.witnessed = ""
        """The newest checkpoint that the witnesses' quorum cosigned, with their lines; empty before one."""
        self._stopped = ""
        self.healthy = False
        """Whether this process leads the log and its last batch became durable."""
        self.standing_by = False
        """Whether another process leads it, whose records this one can read."""

    @property
    def waiting(self) -> int:
        """How many records wait for their batch."""
        return len(self._waiting)

    @property
    def stopped(self) -> bool:
        """Whether this log is known not to be what it published."""
        return bool(self._stopped)

    @property
    def ahead_s(self) -> float:
        """Seconds by which the newest record's time is ahead of the clock, as far as this process knows."""
        now = datetime.fromisoformat(self._clock())
        last = datetime.fromisoformat(self._last_time) if self._last_time else now
        return max(0.0, (last - now).total_seconds())

    @property
    def origin(self) -> str:
        """The log's name."""
        return self._signer.verifier.name

    @property
    def vkey(self) -> str:
        """The log's public key as text."""
        return self._signer.verifier.vkey

    async def open(self) -> None:
        """Load the log and start writing.

        Raises LogInconsistent when the database does not continue the last checkpoint, StoreFailed when it
        cannot be read, StandingBy when another process writes to it, OSError when the checkpoint file
        cannot be written. After StandingBy and StoreFailed it may be tried again.
        """
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._load)
        finally:
            await self._tell_growth()  # also while standing by: the leader's records are read here
        self.healthy = True
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Finish what is waiting, bring the checkpoint file up to it, then stop."""
        if self._task:
            await asyncio.gather(*(w.answer for w in self._waiting), return_exceptions=True)
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._thread.shutdown()
        self._file_thread.shutdown()
        if self._file_written.done() and (error := self._file_written.exception()):
            _log.error("checkpoint_file_behind", error=str(error))
        self._store.close()

    async def append(self, draft: Draft) -> Appended:
        """Make a record durable, or find the one that this draft repeats.

        Raises ServiceError: ALREADY_EXISTS/APPROVAL_SPENT or IDEMPOTENCY_CONFLICT,
        INVALID_ARGUMENT/RECORD_INVALID, RESOURCE_EXHAUSTED/QUOTA_EXCEEDED when the caller that it names used
        up its quota, RESOURCE_EXHAUSTED/AUDIT_BUSY before anything was tried,
        UNAVAILABLE/AUDIT_UNAVAILABLE when it is not known to be durable, UNAVAILABLE/AUDIT_STANDBY while
        another process leads the log.
        """
        with metrics.LOG_APPEND_SECONDS.time():
            try:
                return await self._append(draft)
            except ServiceError as error:
                metrics.LOG_REFUSALS.labels(error.reason).inc()
                raise

    async def _append(self, draft: Draft) -> Appended:
        if self._task is None:
            raise _standing_by()
        size = draft.content_bytes
        if len(self._waiting) >= MAX_PENDING or self._waiting_bytes + size > MAX_PENDING_BYTES:
            raise ServiceError(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                "AUDIT_BUSY",
                "The log has more records waiting than it takes. Try again shortly.",
                retry_after_s=0.2,
            )
        waiting = _Waiting(draft, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._waiting_bytes += size
        self._wake.set()
        return await waiting.answer

    async def check_quota(self, asked: Asked) -> None:
        """Whether a caller has room for work that is not on record yet. Counts nothing.

        Raises ServiceError: RESOURCE_EXHAUSTED/QUOTA_EXCEEDED, which is on record as for an append;
        FAILED_PRECONDITION/QUOTA_UNCOUNTED; UNAVAILABLE as `append` does.
        """
        if self._task is None:
            raise _standing_by()

        def refusal() -> Refusal | None:
            if self._ledger.outruns(self._clock()):
                self.healthy = self._caught_up = False
            if not self._caught_up:  # then nothing is known of what was used; the next append catches up
                raise _standing_by() if self.standing_by else _unavailable()
            return self._ledger.refusal(asked, self._next_time())

        if refused := await asyncio.get_running_loop().run_in_executor(self._thread, refusal):
            if refused.record:
                await self.append(refused.record)
            raise refused.error

    async def usage(self, path: str = "") -> Mapping[str, list[Used]]:
        """What each active caller with a quota used, or `path` alone. One that stands by knows it too."""

        def used() -> Mapping[str, list[Used]]:
            return self._ledger.used(self._clock(), path)

        return await asyncio.get_running_loop().run_in_executor(self._thread, used)

    async def cosign(self, size: int, lines: Mapping[str, str]) -> None:
        """Keep witnesses' signature lines, by key name, for a checkpoint of this size. Raises StoreFailed."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._store.cosign, size, lines)

    async def look(self) -> None:
        """Notice a database that is gone, hangs, or has another writer, before somebody appends."""
        try:
            async with asyncio.timeout(HANGS_S):
                await asyncio.get_running_loop().run_in_executor(self._thread, self._look)
        except TimeoutError:
            self.healthy = False
            _log.error("database_hangs", seconds=HANGS_S)

    def _look(self) -> None:
        try:
            as_known = self._store.size() == self._committed.size
        except StoreFailed as error:
            _log.error("database_lost", error=str(error))
            as_known = False
        if not as_known:
            self.healthy = self._caught_up = False

    def stop(self, why: str) -> None:
        """Append nothing more: this log is not what it published. Only another database helps."""
        self._stopped = why
        self.healthy = False
        _log.error("log_stopped", why=why)

    async def wait_for_growth(self, size: int) -> None:
        """Return once the log has more than `size` published records."""
        async with self._grown:
            await self._grown.wait_for(lambda: self.head.size > size)

    async def growth(self) -> AsyncGenerator[int]:
        """The number of published records, and again whenever there are more. Ends only with its consumer.

        Growth that comes faster than it is taken is told once.
        """
        size = self.head.size
        yield size
        while True:
            await self.wait_for_growth(size)
            size = self.head.size
            yield size

    async def _tell_growth(self) -> None:
        async with self._grown:
            self._grown.notify_all()

    def _load(self) -> None:
        self._catch_up()
        # An empty log has its file too: records without a checkpoint file are then always wrong.
        self._anchor.write(self._committed.checkpoint)
        self._file_written.set_result(None)
        self.head = self._committed

    def _catch_up(self) -> None:
        """Become the writer, and read what the database holds beyond what this process knows.

        That is everything at the start; after a failure, what was committed although it did not look so,
        and what another writer added meanwhile.
        """
        if self._stopped:
            raise LogInconsistent(self._stopped)
        try:
            leads = self._store.lead()
            if not leads:
                self._follow()
        except Exception:
            self.standing_by = False
            raise
        self.standing_by = not leads  # not before: whoever asks meanwhile is told what was so a second ago
        if not leads:
            raise StandingBy("another audit service writes to this log")
        self._committed = read_on(self._store, self._committed, self._anchor, self._signer, leads=True)
        newest = self._store.newest_leaf()
        self._last_time = Record.decode(newest).time if newest else ""
        self._ledger.follow(self._store, self._committed.size, self._clock())
        self._caught_up = True

    def _follow(self) -> None:
        """Read what the leader has committed, and keep it in the checkpoint file.

        So a take-over takes no longer than a batch, and a database that loses records with it is noticed.
        """
        self._committed = read_on(self._store, self._committed, self._anchor, self._signer, leads=False)
        self._anchor.follow(self._committed.checkpoint, self._signer.verifier)
        self._ledger.follow(self._store, self._committed.size, self._clock())
        self.head = self._committed

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                batch = [self._waiting[i] for i in range(min(MAX_BATCH, len(self._waiting)))]
                before = self.head.size
                outcomes = await loop.run_in_executor(self._thread, self._write, [w.draft for w in batch])
                self._answer(batch, outcomes)
                if self.head.size > before:
                    await self._tell_growth()

    def _answer(self, batch: list[_Waiting], outcomes: list[Outcome]) -> None:
        for waiting, outcome in zip(batch, outcomes, strict=True):
            self._waiting.popleft()
            self._waiting_bytes -= waiting.draft.content_bytes
            if waiting.answer.done():  # its caller went away; the record stands all the same
                continue
            if isinstance(outcome, ServiceError):
                waiting.answer.set_exception(outcome)
            else:
                done = Appended(outcome.index, outcome.leaf_hash, self.head.checkpoint)
                waiting.answer.set_result(done)

    def _write(self, drafts: list[Draft]) -> list[Outcome]:
        """In the writer's thread: one durable batch, or the same failure for all who depended on it."""
        try:
            if self._stopped or not self._caught_up or self._ledger.outruns(self._clock()):
                self._catch_up()
            outcomes = self._commit(drafts)
            self._publish()
        except StandingBy:
            self.healthy = self._caught_up = False
            return [_standing_by() for _ in drafts]
        except Exception as error:  # whatever it was, nobody may be told that their record is safe
            self.healthy = self._caught_up = False
            self._ledger.forget()
            _log.error("append_failed", error=str(error), kind=type(error).__name__, drafts=len(drafts))
            return [_unavailable() for _ in drafts]
        self.healthy = not self._stopped
        return outcomes

    def _commit(self, drafts: list[Draft]) -> list[Outcome]:
        size = self._committed.size
        batch = Batch(self._store, self._ledger, origin=self.origin, size=size, clock=self._next_time)
        outcomes = batch.plan(drafts)
        if not batch.new:
            return outcomes
        frontier = self._committed.frontier.copy()
        tiles = frontier.extend([new.entry.leaf_hash for new in batch.new])
        note = self._signer.sign(frontier.size, frontier.root())
        with metrics.LOG_COMMIT_SECONDS.time():
            self._store.commit(Growth(batch.new, tiles, frontier.size, note))
        _count(batch)
        self._committed = Head(frontier, note)
        self._ledger.reached(frontier.size)
        return outcomes

    def _publish(self) -> None:
        """Show readers what is committed, and have the checkpoint file follow beside the next batch.

        The file never leads, and it may lag by one batch: a batch is not answered before the file holds the
        one before, or this one when that went wrong. Raises OSError when neither can be written.
        """
        note = self._committed.checkpoint
        failed = self._file_written.exception()
        if failed:
            self._anchor.write(note)
        if failed or self._committed is not self.head:  # else the file holds it, or is about to
            self._file_written = self._file_thread.submit(self._anchor.write, note)
        self.head = self._committed

    def _next_time(self) -> str:
        """Now, but never before the record before: a clock set back must not reorder the log."""
        now = self._clock()
        self._ledger.pass_to(now)
        self._last_time = max(now, self._last_time)
        return self._last_time


def _count(batch: Batch) -> None:
    metrics.LOG_BATCH_RECORDS.observe(len(batch.new))
    metrics.LOG_LAST_RECORD.set_to_current_time()
    for new in batch.new:
        metrics.LOG_RECORDS.labels(new.entry.kind).inc()


def _standing_by() -> ServiceError:
    return ServiceError(
        grpc.StatusCode.UNAVAILABLE,
        "AUDIT_STANDBY",
        "Another audit service writes this log; this one waits to take over. Ask the other one.",
        retry_after_s=1.0,
    )


def _unavailable() -> ServiceError:
    return ServiceError(
        grpc.StatusCode.UNAVAILABLE,
        "AUDIT_UNAVAILABLE",
        "The log could not make the record durable. Check its disk; nothing goes on until it can.",
        retry_after_s=1.0,
    )
