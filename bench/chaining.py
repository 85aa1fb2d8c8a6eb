"""Solve and run as callers meet them, for `bench.chain`: so many at a time, and what each left in the log.

Closed loop: as many clients as the load says, each sends its next request when its last one is answered.
Knows the client and the log's records. Must not know what is asked of the figures.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from bench.chain_services import Chain
from placet.answers import Outcome, Result
from placet.audit.query import Query
from placet.audit.reader import LogReader
from placet.audit.reader_postgres import open_log
from placet.audit.record import Record
from placet.client import new_request_id
from placet.rpc.errors import ServiceError

Verb = Literal["solve", "run"]
SCOPE: Final = "data-analysis"
PROGRAM: Final = "import pandas as pd\nprint(pd.read_csv('penguins.csv')['body_mass_g'].mean())\n"
CALL_S: Final = 120.0
RETRY_S: Final = 0.05
STAGES: Final = {
    ("task_received", "task_screened"): "screen",
    ("task_screened", "program_generated"): "generate",
    ("program_generated", "verdict_reached"): "review",
    ("verdict_reached", "approval_issued"): "approve",
    ("approval_issued", "run_started"): "admit",
    ("run_started", "run_finished"): "run",
    ("run_finished", "task_finished"): "hand_over",
}
"""Between which records of a Solve a stage lies. All seven and the call around them are the whole latency."""


@dataclass
class Load:
    """What one load of one verb gave."""

    verb: Verb
    clients: int
    seconds: float = 0.0
    latencies_ms: dict[str, float] = field(default_factory=dict)
    """Request id → latency, of those that were answered in time."""
    failed: Counter[str] = field(default_factory=Counter)
    busy: int = 0
    cpu_s: dict[str, float] = field(default_factory=dict)
    """By service."""
    calls: int = 0
    """Chat requests."""
    characters: int = 0
    """Of their messages."""

    @property
    def done(self) -> int:
        """Requests that ended well."""
        return len(self.latencies_ms)


@dataclass
class Clients:
    """Callers of one chain. `number` makes every task and program new, so that no verdict is cached."""

    chain: Chain
    table: Path
    number: int = 0

    async def load(self, verb: Verb, clients: int, seconds: float) -> Load:
        """So many clients for so long; requests under way at the end are waited for and counted."""
        load, before = Load(verb, clients), self.chain.cpu()
        calls, characters = await self.chain.model.asked()
        started = time.perf_counter()
        await asyncio.gather(*(self._client(load, started + seconds) for _ in range(clients)))
        load.seconds = time.perf_counter() - started
        load.cpu_s = {name: used - before[name] for name, used in self.chain.cpu().items()}
        all_calls, all_characters = await self.chain.model.asked()
        load.calls, load.characters = all_calls - calls, all_characters - characters
        return load

    async def _client(self, load: Load, until: float) -> None:
        while time.perf_counter() < until:
            request_id, began = new_request_id(), time.perf_counter()
            try:
                result = await self._patiently(load, request_id)
            except ServiceError as error:
                load.failed[error.reason] += 1
                continue
            if result.outcome is Outcome.DONE:
                load.latencies_ms[request_id] = (time.perf_counter() - began) * 1000
            else:
                load.failed[result.outcome] += 1

    async def _patiently(self, load: Load, request_id: str) -> Result:
        """The answer; a chain that is busy is asked again when it said."""
        self.number += 1
        number = self.number
        while True:
            try:
                return await self._ask(load.verb, number, request_id)
            except ServiceError as error:
                if error.retry_after_s is None:
                    raise
                load.busy += 1
                request_id = new_request_id()
                await asyncio.sleep(max(error.retry_after_s, RETRY_S))

    async def _ask(self, verb: Verb, number: int, request_id: str) -> Result:
        placet, common = self.chain.placet, {"scope": SCOPE, "inputs": [self.table], "request_id": request_id}
        if verb == "solve":
            task = f"The mean body mass of the penguins, question {number}."
            return await placet.solve(task, timeout_s=CALL_S, **common)  # type: ignore[arg-type]
        return await placet.run(f"# {number}\n{PROGRAM}", timeout_s=CALL_S, **common)  # type: ignore[arg-type]


@dataclass
class Told:
    """What the log says of requests: milliseconds between records, and what the programs took."""

    stages: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    records: list[float] = field(default_factory=list)
    """Records a request."""
    program_cpu_ms: list[float] = field(default_factory=list)


def told_by_log(database: Path, latencies_ms: Mapping[str, float]) -> Told:
    """Of these requests of Solve."""
    told = Told()
    with open_log(database) as reader:
        for request_id, latency_ms in latencies_ms.items():
            tell(told, _records(reader, request_id), latency_ms)
    return told


def _records(reader: LogReader, request_id: str) -> list[Record]:
    return [Record.decode(entry.leaf) for entry in reader.find(Query(request_id=request_id))]


def tell(told: Told, records: Sequence[Record], latency_ms: float) -> None:
    """Add one request's."""
    moments = {record.kind: datetime.fromisoformat(record.time) for record in records}
    told.records.append(len(records))
    inside = 0.0
    for (before, after), stage in STAGES.items():
        if before in moments and after in moments:
            took = (moments[after] - moments[before]).total_seconds() * 1000
            told.stages[stage].append(took)
            inside += took
    told.stages["call"].append(latency_ms - inside)
    for record in records:
        usage = record.body.get("usage")
        if record.kind == "run_finished" and isinstance(usage, Mapping):
            told.program_cpu_ms.append(float(usage["cpu_ms"]))
