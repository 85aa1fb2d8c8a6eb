"""What the log costs: `python -m bench.audit [--quick] [--json] [--only FIGURE,…] [--keep DIR]`.

Appends are measured beside the same rows, one per transaction, into a store of the same kind, in turns; with
SQLite once more as on a disk whose flush takes 5 ms longer than this one's (both wait so long at each flush);
a log of a million records beside one of ten thousand (quick: 30,000 and 3,000). A bound that is missed is
told, and is no failure. A whole run takes about ten minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from audit_svc.store.postgres import PostgresStore
from audit_svc.store.sqlite import SqliteStore
from audit_svc.store.types import Store, StoreFailed
from bench import audit_figures
from bench.appending import WRITERS, Appending
from bench.audit_figures import Figures
from bench.big_log import BigLog, cost_per_append
from bench.report import parser, publish, say
from bench.rounds import Samples
from placet.audit.reader import LogUnreadable
from placet.rpc.errors import ServiceError

FIGURES: Final = ("sqlite", "postgres", "growth", "reading")
SIZES: Final = {"full": (10_000, 1_000_000), "quick": (3_000, 30_000)}
ROUNDS: Final = {"full": 10, "quick": 2}
SECONDS: Final = {"full": 3.0, "quick": 1.0}
PROOFS: Final = 1_000
SLOW_FLUSH_S: Final = 0.005
"""What disks and network volumes need that write before they answer. A virtual machine's may not."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print. 0, or 2 when something does not work at all."""
    options = _options(arguments)
    with tempfile.TemporaryDirectory(prefix="placet-bench-") as scratch:
        try:
            metrics = asyncio.run(measure(options, Path(scratch)))
        except (ServiceError, StoreFailed, LogUnreadable, OSError, ValueError) as error:
            say(f"bench.audit: {type(error).__name__}: {error}")
            return 2
    publish(metrics, as_json=options.json)
    return 0


async def measure(options: argparse.Namespace, scratch: Path) -> Figures:
    """The figures that are asked for, in `scratch`."""
    plan = "quick" if options.quick else "full"
    found: Figures = {}
    if "sqlite" in options.only:
        for name, flush_s in (("sqlite", 0.0), ("sqlite_slow", SLOW_FLUSH_S)):
            stores = SqliteStore(scratch / f"{name}.log"), SqliteStore(scratch / f"{name}.rows")
            found |= await _appending(name, stores, scratch, plan, flush_s)
    if "postgres" in options.only and options.postgres:
        log, rows = map(PostgresStore, options.postgres)
        found |= await _appending("postgres", (log, rows), scratch, plan, 0)
    if {"growth", "reading"} & set(options.only):
        found |= await _big(options, scratch, plan)
    return found


async def _appending(
    name: str, stores: tuple[Store, Store], scratch: Path, plan: str, flush_s: float
) -> Figures:
    samples, checkpoint = Samples(list), scratch / f"{name}.checkpoint"
    async with Appending.over(*stores, checkpoint, seconds=SECONDS[plan], flush_s=flush_s) as measured:
        for number in range(ROUNDS[plan]):
            say(f"{name}: appends, {number + 1} of {ROUNDS[plan]}")
            await measured.round(samples)
    return audit_figures.appending(name, WRITERS, samples)


async def _big(options: argparse.Namespace, scratch: Path, plan: str) -> Figures:
    logs = [BigLog((options.keep or scratch) / f"log-{size}") for size in SIZES[plan]]
    for log, size in zip(logs, SIZES[plan], strict=True):
        log.directory.mkdir(parents=True, exist_ok=True)
        await log.grow_to(size)
    small, big = logs
    samples, found = Samples(list), Figures()
    if "growth" in options.only:
        say("what an append costs on both")
        await cost_per_append(small, big, samples, ROUNDS[plan] * 2)
        samples["small_memory"].append(small.memory_mib())
        samples["big_memory"].append(big.memory_mib())
        found |= audit_figures.growing(SIZES[plan], samples)
    if "reading" in options.only:
        say("proofs, pages and verification of the big one")
        await big.proofs(samples, PROOFS)
        for _ in range(ROUNDS[plan]):
            big.pages(samples)
        big.verify(samples)
        found |= audit_figures.reading(samples)
    return found


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    made = parser("audit", "What the log costs, beside rows one per transaction and beside a small log.")
    made.add_argument(
        "--only",
        type=_figures,
        default=list(FIGURES),
        metavar="FIGURE,…",
        help=f"measure only these of {', '.join(FIGURES)}",
    )
    made.add_argument(
        "--keep", type=Path, metavar="DIR", help="keep the big log there, and use one kept before"
    )
    made.add_argument(
        "--postgres",
        nargs=2,
        metavar="ADDRESS",
        help="two databases with an empty log's tables (audit_svc.migrate): for the log, for the baseline",
    )
    return made.parse_args(arguments)


def _figures(text: str) -> list[str]:
    names = text.split(",")
    if unknown := sorted(set(names) - set(FIGURES)):
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(FIGURES)}")
    return names


if __name__ == "__main__":
    sys.exit(main())
