"""A log of a million records, for `bench.audit`: what grows with it, and what must not.

Knows the sequencer, the SQLite store, the reader and the verifier. A log that was built once can be kept and
measured again; it then grows a little each time.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from audit_svc.store.sqlite import SqliteStore
from bench.appending import OpenLog, signer_beside
from bench.audit_lives import CALLERS, RULES, SCOPES
from bench.report import say
from bench.rounds import Samples
from placet.audit.merkle import verify_inclusion
from placet.audit.query import Query
from placet.audit.reader import LogReader
from placet.audit.tiles import TiledTree
from placet.audit.verify import verify_database

WRITERS: Final = 256
PAGE: Final = 100
COST_WRITERS: Final = 64
_SLICE: Final = 500
"""Appends of each figure of their cost: few, for the small log must stay small."""
_WARM: Final = 3
_TELL_EVERY: Final = 100_000

_MEMORY: Final = """
import asyncio, sys
from pathlib import Path
from bench.big_log import BigLog
asyncio.run(BigLog(Path(sys.argv[1])).grow(2_000, writers=16))
print(*(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


@dataclass(frozen=True)
class BigLog:
    """A log's files in a directory."""

    directory: Path

    @property
    def database(self) -> Path:
        return self.directory / "audit.sqlite"

    @property
    def checkpoint(self) -> Path:
        return self.directory / "checkpoint"

    @property
    def size(self) -> int:
        """Records under its checkpoint file; 0 before there is one."""
        return int(self.checkpoint.read_text().split("\n")[1]) if self.checkpoint.exists() else 0

    def open(self) -> AbstractAsyncContextManager[OpenLog]:
        """To write to it. Raises what the sequencer raises."""
        return OpenLog.at(SqliteStore(self.database), self.checkpoint)

    async def grow(self, appends: int, *, writers: int = WRITERS) -> None:
        """Append so many records, and what belongs to the same requests."""
        async with self.open() as log:
            await log.write(writers, appends=appends)

    async def grow_to(self, size: int) -> None:
        """Append until it has so many records."""
        while (now := self.size) < size:
            say(f"  {now} of {size} records")
            await self.grow(min(size - now, _TELL_EVERY))

    def memory_mib(self) -> float:
        """The most memory that a process of its own had which opened the log and appended 2,000 records."""
        command = [sys.executable, "-c", _MEMORY, str(self.directory)]
        return int(subprocess.run(command, capture_output=True, check=True).stdout) / 1024

    async def proofs(self, samples: Samples, number: int) -> None:
        """Milliseconds for the inclusion proof of records anywhere, each from a tree without tiles yet."""
        async with self.open() as log:
            head = log.sequencer.head
            root = head.frontier.root()
            with LogReader(self.database) as reader:
                for index in random.sample(range(head.size), number):
                    started = time.perf_counter()
                    proof = TiledTree(head.frontier, reader.tile).inclusion_proof(index, head.size)
                    samples["proof"].append((time.perf_counter() - started) * 1000)
                    (leaf_hash,) = reader.leaf_hashes(index, 1)
                    verify_inclusion(leaf_hash, index, head.size, proof, root)

    def verify(self, samples: Samples) -> None:
        """Records that the verifier proves in a second of a processor, whole, and their bytes alone.

        Raises ValueError for a broken log.
        """
        vkey = signer_beside(self.checkpoint).verifier.vkey
        for name, bytes_only in (("verify", False), ("verify_bytes", True)):
            started = time.process_time()
            report = verify_database(self.database, self.checkpoint, vkey, bytes_only=bytes_only)
            if not report.ok:
                raise ValueError(f"the bench's own log is broken: {report.first_break}")
            samples[name].append(report.records / (time.process_time() - started))

    def pages(self, samples: Samples) -> None:
        """Milliseconds for a page of each kind of query, the newest first and from the middle on."""
        with LogReader(self.database) as reader:
            middle = self.size // 2
            half = next(iter(reader.find(Query(from_index=middle, limit=1))))
            for name, filters in queries(half.request_id, half.time):
                for start in (0, middle):
                    query = Query(**filters, limit=PAGE + 1, descending=True, from_index=start)
                    started = time.perf_counter()
                    list(reader.find(query))
                    samples[f"page_{name}"].append((time.perf_counter() - started) * 1000)


def queries(request_id: str, time_: str) -> Iterator[tuple[str, dict[str, str]]]:
    """A name, and filters: those that hit often, seldom, never, and two or three at once."""
    chance = random.randrange
    caller = f"spiffe://placet.local/caller/team-{chance(CALLERS)}"
    scope, rule = f"analysis-{chance(SCOPES)}", f"capability.area_{chance(RULES)}.use"
    yield "all", {}
    yield "request", {"request_id": request_id}
    yield "caller", {"caller": caller}
    yield "scope", {"scope": scope}
    yield "verdict", {"verdict": "DENIED"}
    yield "rule", {"rule": rule}
    yield "time", {"since": time_}
    yield "text", {"text": "sales csv"}
    yield "text_once", {"text": request_id}
    yield "caller_denied", {"caller": caller, "verdict": "DENIED"}
    yield "caller_rule_scope", {"caller": caller, "rule": rule, "scope": scope}
    yield "text_denied", {"text": "region", "verdict": "DENIED"}
    yield "nothing", {"caller": "spiffe://placet.local/caller/nobody", "kind": "verdict_reached"}


async def cost_per_append(small: BigLog, big: BigLog, samples: Samples, rounds: int) -> None:
    """Microseconds per append to both, in turns; each has been written to for a while before it counts."""
    async with AsyncExitStack() as stack:
        logs = {
            "small": await stack.enter_async_context(small.open()),
            "big": await stack.enter_async_context(big.open()),
        }
        for number in range(-_WARM, rounds):
            for name in random.sample(list(logs), len(logs)):
                cost = 1e6 / await logs[name].write(COST_WRITERS, appends=_SLICE)
                if number >= 0:
                    samples[name].append(cost)
