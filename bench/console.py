"""What the console's pages take over a log of a million records.

`python -m bench.console [--quick] [--json] [--keep DIR] [--postgres ADDRESS]`. The whole application
answers, sessions and records of reading included; only sockets are left out. Every page is asked for with
other filters each time. With `--postgres` the log lies there instead of in a SQLite file (an empty log's
tables, as the role that appends). A bound that is missed is told, and is no failure.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import httpx

from audit_svc.access import Access
from audit_svc.console.__main__ import parts
from audit_svc.console.app import application, routes
from audit_svc.console.earlier import Overview
from audit_svc.console.entrance import Entrance
from audit_svc.console.live import Live, Part
from audit_svc.console.log import Reading
from audit_svc.console.settings import ConsoleSettings
from audit_svc.console.site import Site
from audit_svc.console.web import Console
from audit_svc.draft import Draft
from audit_svc.sequencer import Sequencer
from audit_svc.store.postgres import PostgresStore
from audit_svc.store.sqlite import SqliteStore
from audit_svc.store.types import Store, StoreFailed
from bench.appending import OpenLog
from bench.audit_figures import Figures
from bench.big_log import queries
from bench.report import Metric, bounded, parser, percentile, plain, publish, say
from bench.rounds import Samples
from placet.audit.client import Appended
from placet.audit.query import Query
from placet.audit.reader import LogReader, LogUnreadable
from placet.audit.reader_postgres import open_log
from placet.rpc.errors import ServiceError
from placet.rpc.identity import service_uri
from placet.rpc.telemetry import configure_logging

ORIGIN: Final = "http://127.0.0.1:8080"
SIZES: Final = {"full": 1_000_000, "quick": 20_000}
ROUNDS: Final = {"full": 20, "quick": 4}
BOUND: Final = "value < 300"
WRITERS: Final = 256
_TELL_EVERY: Final = 50_000
_LIVE: Final = 20
_CPU: Final = "cpu"


class BenchLog(Reading):
    """console.log.Log over a sequencer in this process."""

    def __init__(self, sequencer: Sequencer, reader: LogReader) -> None:
        super().__init__(reader)
        self._sequencer = sequencer

    async def append(self, draft: Draft) -> Appended:
        """See Log."""
        named = Draft(draft.kind, draft.request_id, service_uri("console"), draft.body, draft.bodies)
        return await self._sequencer.append(named)

    async def growth(self) -> AsyncIterator[int]:
        """See Log."""
        size = 0
        while True:
            await self._sequencer.wait_for_growth(size)
            size = self._sequencer.head.size
            yield size

    async def vkey(self) -> str:
        """See Log."""
        return self._sequencer.vkey


@dataclass(frozen=True)
class BigConsole:
    """The console over a log that somebody can also append to."""

    browser: httpx.AsyncClient
    log: OpenLog
    reader: LogReader
    console: Console

    @classmethod
    @asynccontextmanager
    async def over(cls, log: OpenLog, place: Path | str, samples: Samples) -> AsyncIterator[BigConsole]:
        """Started as the service starts it; how long that took is a sample."""
        with open_log(place) as reader, open_log(place) as own:
            site, settings = Site.of(ORIGIN), _settings()
            seen = BenchLog(log.sequencer, reader)
            listed = [*parts(settings, seen, site)]
            console = Console(seen, parts={type(part): part for part in listed})
            live = Live(console.log, [part for part in listed if isinstance(part, Part)])
            console.parts[Live] = live
            started = time.perf_counter()
            async with live.following():
                samples["start_s"].append(time.perf_counter() - started)
                transport = httpx.ASGITransport(app=application(console, routes()))
                cookie = {site.cookie: _logged_in(console)}
                async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, cookies=cookie) as browser:
                    yield cls(browser, log, own, console)

    async def counted(self, samples: Samples) -> None:
        """Seconds until everything before the start is counted, while nothing else is asked for."""
        started = time.perf_counter()
        counting = self.console.part(Overview).counting
        assert counting is not None
        await counting
        samples["counted_s"].append(time.perf_counter() - started)

    async def pages(self, samples: Samples) -> None:
        """Milliseconds for each page once, in an order that changes; and of this process's processor time."""
        listed = list(self._paths())
        for name, path in random.sample(listed, len(listed)):
            started, busy = time.perf_counter(), time.process_time()
            answer = await self.browser.get(path)
            samples[name].append((time.perf_counter() - started) * 1000)
            samples[f"{name} {_CPU}"].append((time.process_time() - busy) * 1000)
            if answer.status_code not in (200, 303):  # a request's id leads to the request
                raise ValueError(f"{path} is answered with {answer.status_code}: {answer.text[:200]}")

    async def live(self, samples: Samples) -> None:
        """Milliseconds from a durable verdict to the moment at which the list's stream can tell of it."""
        live: Live = self.console.part(Live)
        for _ in range(_LIVE):
            size = self.log.sequencer.head.size
            told = asyncio.create_task(live.since(size))
            await asyncio.sleep(0)
            await self.log.write(1, appends=1)
            durable = time.perf_counter()
            await told
            samples["live"].append(max(0.0, (time.perf_counter() - durable) * 1000))

    def _paths(self) -> Iterator[tuple[str, str]]:
        for name in ("24h", "90d"):
            yield f"overview_{name}", f"/?range={name}"
        size = self.log.sequencer.head.size
        half = next(iter(self.reader.find(Query(from_index=size // 2, limit=1))))
        yield "list_middle", f"/requests?before={half.index}"
        yield "request", f"/requests/{half.request_id}"
        yield "queue", "/queue"
        yield "labels", "/labels"
        for name, filters in queries(half.request_id, half.time):
            if not {"request_id", "kind"} & set(filters):
                yield f"list_{name}", f"/requests?{urlencode(filters)}"
                yield f"list_{name}_middle", f"/requests?{urlencode({**filters, 'before': str(half.index)})}"
        ago = datetime.now(UTC) - timedelta(minutes=random.randrange(1, 600))
        yield "list_since", f"/requests?{urlencode({'since': ago.isoformat(), 'verdict': 'DENIED'})}"


def _settings() -> ConsoleSettings:
    """Of a console that nobody reaches but by `BigConsole`."""
    nowhere = Path("/nonexistent")
    files = dict.fromkeys(("database", "tls_ca", "tls_cert", "tls_key"), nowhere)
    return ConsoleSettings.model_validate(
        {**files, "audit_address": "-", "roles": Access.parse("reviewer/*=admin")}
    )


def _logged_in(console: Console) -> str:
    entrance: Entrance = console.part(Entrance)
    person = entrance.person("ana")
    assert person is not None
    return entrance.sessions.begin(person)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print. 0, or 2 when something does not work at all."""
    options = _options(arguments)
    configure_logging("bench", level=logging.WARNING)
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="placet-bench-") as scratch:
        try:
            metrics = asyncio.run(measure(options, Path(scratch)))
        except (ServiceError, StoreFailed, LogUnreadable, OSError, ValueError) as error:
            say(f"bench.console: {type(error).__name__}: {error}")
            return 2
    publish(metrics, as_json=options.json)
    return 0


async def measure(options: argparse.Namespace, scratch: Path) -> Figures:
    """Grow the log, start a console over it, and ask for every page again and again."""
    plan = "quick" if options.quick else "full"
    directory: Path = options.keep or scratch
    store, place = _store(options.postgres, directory)
    samples = Samples(list)
    async with OpenLog.at(store, directory / "checkpoint") as log:
        await _grow(log, options.size or SIZES[plan])
        async with BigConsole.over(log, place, samples) as console:
            await console.counted(samples)
            for number in range(ROUNDS[plan]):
                say(f"pages: {number + 1} of {ROUNDS[plan]}")
                await console.pages(samples)
            await console.live(samples)
        size = log.sequencer.head.size
    return {"records": plain(size, "records", 1), **_figures(samples)}


def _store(postgres: str | None, directory: Path) -> tuple[Store, Path | str]:
    if postgres:
        return PostgresStore(postgres), postgres
    database = directory / "audit.sqlite"
    return SqliteStore(database), database


async def _grow(log: OpenLog, size: int) -> None:
    while (now := log.sequencer.head.size) < size:
        say(f"  {now} of {size} records")
        await log.write(WRITERS, appends=min(size - now, _TELL_EVERY))


def _figures(samples: Samples) -> Figures:
    found: Figures = {}
    for name, values in samples.items():
        if name.endswith("_s"):
            found[name] = plain(values[0], "s", 1)
        elif name == "live":
            found["live_ms_p95"] = plain(percentile(values, 95), "ms", len(values))
        elif name.endswith(_CPU):
            found[f"page_{name.replace(' ', '_')}_ms_p95"] = plain(percentile(values, 95), "ms", len(values))
        else:
            found[f"page_{name}_ms_p95"] = _bounded(values)
    return found


def _bounded(values: Sequence[float]) -> Metric:
    return bounded(plain(percentile(values, 95), "ms", len(values)), BOUND)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    made = parser("console", "What the console's pages take over a log of a million records.")
    made.add_argument("--keep", type=Path, metavar="DIR", help="keep the log there, and use one kept before")
    made.add_argument("--size", type=int, metavar="RECORDS", help="another size than a million")
    made.add_argument("--postgres", metavar="ADDRESS", help="a database with an empty log's tables")
    return made.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
