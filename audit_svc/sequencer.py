"""The log's one writer: gathers appends, commits them together, and answers each when it is durable.

Knows the order of things: plan, sign, commit, answer, and the checkpoint file beside the next batch. Must not
know gRPC servers or who may append what.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import grpc
import structlog

from audit_svc.anchor import Anchor, LogInconsistent, guard_against_rollback
from audit_svc.batch import Batch, Draft, Outcome
from audit_svc.store.types import Growth, Store, StoreFailed
from placet.audit.checkpoint import LogSigner
from placet.audit.client import Appended
from placet.audit.merkle import CompactRange, Tree
from placet.audit.record import Record
from placet.audit.tiles import Frontier, Tile
from placet.rpc.errors import ServiceError

MAX_BATCH: Final = 256
MAX_PENDING: Final = 4096
MAX_PENDING_BYTES: Final = 256 * 1024 * 1024
"""Bodies waiting in memory."""
_log = structlog.get_logger()


@dataclass
class _Waiting:
    draft: Draft
    answer: asyncio.Future[Appended]


def utc_now() -> str:
    """RFC 3339, UTC, microseconds."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Sequencer:
    """Appends to one log. `open` first; `append` from one event loop; `close` at the end."""

    def __init__(
        self, store: Store, signer: LogSigner, anchor: Anchor, *, clock: Callable[[], str] = utc_now
    ) -> None:
        self._store, self._signer, self._anchor, self._clock = store, signer, anchor, clock
        self.tree = Tree()
        self._range = CompactRange()
        self._frontier = Frontier()
        self.checkpoint = ""
        """The last published note: what readers may be shown."""
        self._committed = ""
        self._last_time = ""
        self._waiting: deque[_Waiting] = deque()
        self._waiting_bytes = 0
        self._wake = asyncio.Event()
        self._grown = asyncio.Condition()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="log-writer")
        self._file_thread = ThreadPoolExecutor(1, thread_name_prefix="checkpoint-file")
        self._file_written: Future[None] = Future()
        self._task: asyncio.Task[None] | None = None
        self.healthy = True
        """Whether the last batch became durable."""

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

        Raises LogInconsistent when the database does not continue the last checkpoint, StoreFailed and
        OSError when a file cannot be read or written.
        """
        await asyncio.get_running_loop().run_in_executor(self._thread, self._load)
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
        INVALID_ARGUMENT/RECORD_INVALID, RESOURCE_EXHAUSTED/AUDIT_BUSY before anything was tried,
        UNAVAILABLE/AUDIT_UNAVAILABLE when it is not known to be durable.
        """
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

    async def wait_for_growth(self, size: int) -> None:
        """Return once the log has more than `size` records."""
        async with self._grown:
            await self._grown.wait_for(lambda: self.tree.size > size)

    def _load(self) -> None:
        if not self._store.lead():
            raise StoreFailed("another audit service writes to this log")
        for index, digest in self._store.leaf_hashes():
            if index != self.tree.size:
                raise LogInconsistent(f"Record {self.tree.size} is missing from the database.")
            self.tree.append(digest)
            self._range.append(digest)
            self._frontier.append(digest)
        stored = self._store.last_checkpoint()
        guard_against_rollback(self._anchor, self.tree, stored, self._signer.verifier)
        self._committed = stored or self._signer.sign(0, self.tree.root())
        newest = self._store.newest_leaf()
        self._last_time = Record.decode(newest).time if newest else ""
        # An empty log has its file too: records without a checkpoint file are then always wrong.
        self._anchor.write(self._committed)
        self._file_written.set_result(None)
        self.checkpoint = self._committed

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                batch = [self._waiting[i] for i in range(min(MAX_BATCH, len(self._waiting)))]
                before = self.tree.size
                outcomes = await loop.run_in_executor(self._thread, self._write, [w.draft for w in batch])
                self._answer(batch, outcomes)
                if self.tree.size > before:
                    async with self._grown:
                        self._grown.notify_all()

    def _answer(self, batch: list[_Waiting], outcomes: list[Outcome]) -> None:
        for waiting, outcome in zip(batch, outcomes, strict=True):
            self._waiting.popleft()
            self._waiting_bytes -= waiting.draft.content_bytes
            if waiting.answer.done():  # its caller went away; the record stands all the same
                continue
            if isinstance(outcome, ServiceError):
                waiting.answer.set_exception(outcome)
            else:
                waiting.answer.set_result(Appended(outcome.index, outcome.leaf_hash, self.checkpoint))

    def _write(self, drafts: list[Draft]) -> list[Outcome]:
        """In the writer's thread: one durable batch, or the same failure for all who depended on it."""
        try:
            outcomes = self._commit(drafts)
            self._publish()
        except Exception as error:  # whatever it was, nobody may be told that their record is safe
            self.healthy = False
            _log.error("append_failed", error=str(error), kind=type(error).__name__, drafts=len(drafts))
            return [_unavailable() for _ in drafts]
        self.healthy = True
        return outcomes

    def _commit(self, drafts: list[Draft]) -> list[Outcome]:
        batch = Batch(self._store, origin=self.origin, size=self._range.size, clock=self._next_time)
        outcomes = [batch.plan(draft) for draft in drafts]
        if not batch.new:
            return outcomes
        grown, frontier, tiles = self._range.copy(), self._frontier.copy(), list[Tile]()
        for new in batch.new:
            grown.append(new.entry.leaf_hash)
            tiles += frontier.append(new.entry.leaf_hash)
        note = self._signer.sign(grown.size, grown.root())
        self._store.commit(Growth(batch.new, tiles, grown.size, note))
        for new in batch.new:
            self.tree.append(new.entry.leaf_hash)
        self._range, self._frontier, self._committed = grown, frontier, note
        return outcomes

    def _publish(self) -> None:
        """Show readers what is committed, and have the checkpoint file follow beside the next batch.

        The file never leads, and it may lag by one batch: a batch is not answered before the file holds the
        one before. Raises OSError when it does not; its next attempt has then begun.
        """
        try:
            self._file_written.result()
        finally:
            self._file_written = self._file_thread.submit(self._anchor.write, self._committed)
        self.checkpoint = self._committed

    def _next_time(self) -> str:
        """Now, but never before the record before: a clock set back must not reorder the log."""
        self._last_time = max(self._clock(), self._last_time)
        return self._last_time


def _unavailable() -> ServiceError:
    return ServiceError(
        grpc.StatusCode.UNAVAILABLE,
        "AUDIT_UNAVAILABLE",
        "The log could not make the record durable. Check its disk; nothing goes on until it can.",
        retry_after_s=1.0,
    )
