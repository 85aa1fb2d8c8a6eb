"""Appending to a log as fast as it answers, for `bench.audit`, beside the same rows one per transaction.

Knows the sequencer and the stores. The writers are tasks of this process: what is measured is the log, not
its transport.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from audit_svc.anchor import Anchor
from audit_svc.batch import Draft
from audit_svc.sequencer import Sequencer
from audit_svc.store.types import Growth, NewEntry, Store, StoreFailed
from bench.audit_lives import Life, lives
from bench.rounds import Act, Samples, in_turns
from placet.audit.checkpoint import LogSigner
from placet.audit.client import Appended

ORIGIN: Final = "placet.local/bench"
WRITERS: Final = (1, 16, 256)
_ROWS_KEPT: Final = 20_000


def signer_beside(checkpoint: Path) -> LogSigner:
    """The key of the log with this checkpoint file, made when it is not there."""
    path = checkpoint.with_suffix(".key")
    if not path.exists():
        LogSigner.generate(ORIGIN).save(path)
    return LogSigner.load(path, ORIGIN)


@dataclass
class OpenLog:
    """A log that is being written, and the latencies of its appends in milliseconds."""

    sequencer: Sequencer
    lives: Iterator[Life]
    latencies: list[float] = field(default_factory=list)

    @classmethod
    @asynccontextmanager
    async def at(cls, store: Store, checkpoint: Path, *, flush_s: float = 0) -> AsyncIterator[OpenLog]:
        """Open and close it; its key lies beside `checkpoint`. Raises what the sequencer raises."""
        sequencer = Sequencer(store, signer_beside(checkpoint), SlowAnchor(checkpoint, flush_s))
        await sequencer.open()
        try:
            yield cls(sequencer, lives(sequencer.head.size))  # lives that it has not seen
        finally:
            await sequencer.close()

    async def write(self, writers: int, *, seconds: float = float("inf"), appends: int = 2**62) -> float:
        """Appends per second with so many at once, until the time is over or the appends are done."""
        self.latencies.clear()
        started = time.perf_counter()
        until = started + seconds

        def over() -> bool:
            return len(self.latencies) >= appends or time.perf_counter() >= until

        await asyncio.gather(*(self._writer(over) for _ in range(writers)))
        return len(self.latencies) / (time.perf_counter() - started)

    async def _writer(self, over: Callable[[], bool]) -> None:
        """Whole lives, so that the log stays one that verifies."""
        while True:
            await next(self.lives).live(self._timed)
            if over():
                return

    async def _timed(self, draft: Draft) -> Appended:
        started = time.perf_counter()
        done = await self.sequencer.append(draft)
        self.latencies.append((time.perf_counter() - started) * 1000)
        return done


class SlowAnchor(Anchor):
    """The checkpoint file on a disk whose flush takes so many seconds longer than this one's."""

    def __init__(self, path: Path, flush_s: float) -> None:
        super().__init__(path)
        self._flush_s = flush_s

    def write(self, note: str, *, scratch: str = "new") -> None:
        """See Anchor. The file is flushed, and its directory."""
        super().write(note, scratch=scratch)
        time.sleep(2 * self._flush_s)


class SlowStore:
    """A store on such a disk, which also keeps the newest rows, to be inserted once more elsewhere."""

    def __init__(self, store: Store, flush_s: float) -> None:
        self._store, self._flush_s = store, flush_s
        self.rows: deque[NewEntry] = deque(maxlen=_ROWS_KEPT)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def commit(self, growth: Growth) -> None:
        """See Store. A commit is flushed once."""
        self._store.commit(growth)
        time.sleep(self._flush_s)
        self.rows.extend(growth.entries)


@dataclass
class OneByOne:
    """What the log is compared with: the same rows, one per transaction, into a store of the same kind."""

    store: Store
    _next: int = 0

    def insert(self, rows: Iterable[NewEntry], *, seconds: float) -> float:
        """Rows per second; stops when the time is over. Rows that it has already are passed over."""
        started = time.perf_counter()
        done = 0
        for row in rows:
            if row.entry.index < self._next:
                continue
            self._next = row.entry.index + 1
            self.store.commit(Growth([row], [], self._next, "-"))
            done += 1
            if time.perf_counter() - started >= seconds:
                break
        return done / (time.perf_counter() - started)


@dataclass(frozen=True)
class Appending:
    """A log, the rows it has written, and the store that takes them one by one."""

    log: OpenLog
    written: SlowStore
    one_by_one: OneByOne
    seconds: float
    """How long each figure is measured in a round."""

    @classmethod
    @asynccontextmanager
    async def over(
        cls, store: Store, other: Store, checkpoint: Path, *, seconds: float, flush_s: float
    ) -> AsyncIterator[Appending]:
        """Both stores are empty, and closed at the end; both on a disk that is slower by `flush_s`.

        Raises what the sequencer raises.
        """
        written = SlowStore(store, flush_s)
        try:
            if not other.lead():
                raise StoreFailed("somebody writes to the store for the baseline")
            async with OpenLog.at(written, checkpoint, flush_s=flush_s) as log:
                await log.write(WRITERS[-1], seconds=seconds)  # the baseline has rows to insert from now on
                yield cls(log, written, OneByOne(SlowStore(other, flush_s)), seconds)
        finally:
            other.close()

    async def round(self, samples: Samples) -> None:
        """Each number of writers, and one by one, once and in an order that changes."""
        acts: list[Act] = [self._one_by_one, *(partial(self._append, writers=number) for number in WRITERS)]
        await in_turns(samples, acts)

    async def _append(self, samples: Samples, *, writers: int) -> None:
        samples[f"rate_{writers}"].append(await self.log.write(writers, seconds=self.seconds))
        samples[f"ms_{writers}"] += self.log.latencies

    async def _one_by_one(self, samples: Samples) -> None:
        samples["rows"].append(self.one_by_one.insert(self.written.rows, seconds=self.seconds))
