"""What the whole chain takes: `python -m bench.chain [--quick] [--json] [--workers N]`.

Solve (task → program → review → approval → run) and run (review → approval → run) through the real services
on one machine, with a model endpoint that answers at once, at rising numbers of clients: throughput, latency,
what each stage takes by the log's own times, processor time of each service, and what a request leaves in the
log. So all of it is the chain's own cost; a model's time comes on top. Clients and endpoint share the machine
with the services. With `--workers` programs run on so many workers behind a front, as on Kubernetes, instead
of in the executor's own process. docs/SCALING.md says what follows from the figures.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench import chain_figures as figures
from bench.chain_log import WRITERS, appends
from bench.chain_services import Chain, running
from bench.chaining import PROGRAM, Clients, Load, Verb, told_by_log
from bench.report import Metric, parser, publish, say
from placet.local.errors import StackError
from placet.rpc.errors import ServiceError

TABLE: Final = Path(__file__).parents[1] / "examples" / "penguins.csv"


@dataclass(frozen=True)
class Plan:
    """How many clients, and for how many seconds each load lasts."""

    clients: Sequence[int]
    seconds: float
    warm_s: float


PLANS: Final = {
    "full": Plan(clients=(1, 2, 4, 8, 16, 32), seconds=10.0, warm_s=5.0),
    "quick": Plan(clients=(1, 8), seconds=5.0, warm_s=2.0),
}
VERBS: Final[Sequence[Verb]] = ("solve", "run")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print. 0, or 2 when something does not work at all."""
    made = parser("chain", "What Solve and run cost through the whole chain.")
    made.add_argument("--workers", type=int, default=0, metavar="N", help="run programs on N workers")
    options = made.parse_args(arguments)
    plan = PLANS["quick" if options.quick else "full"]
    with tempfile.TemporaryDirectory(prefix="placet-bench-") as scratch:
        try:
            metrics = asyncio.run(measure(plan, Path(scratch), options.workers))
        except (StackError, ServiceError, RuntimeError, OSError) as error:
            say(f"bench.chain: {type(error).__name__}: {error}")
            return 2
    publish(metrics, as_json=options.json)
    return 0


async def measure(plan: Plan, state: Path, workers: int) -> dict[str, Metric]:
    """The figures, over a fresh state directory. Raises RuntimeError when a load had no answer."""
    async with running(state, os.environ, PROGRAM, workers) as chain:
        clients = Clients(chain, TABLE)
        for verb in VERBS:
            await clients.load(verb, 2, plan.warm_s)
        before = chain.log_bytes()
        loads = {
            verb: [await _loaded(clients, verb, number, plan) for number in plan.clients] for verb in VERBS
        }
        if trouble := figures.all_failed([load for several in loads.values() for load in several]):
            raise RuntimeError(f"no answers: {trouble}")
        grown = chain.log_bytes() - before
        found = _figures(loads, chain, grown)
        for writers in WRITERS:
            found |= figures.appending(await appends(chain, writers, plan.warm_s))
        return found


async def _loaded(clients: Clients, verb: Verb, number: int, plan: Plan) -> Load:
    load = await clients.load(verb, number, plan.seconds)
    trouble = f", failed: {dict(load.failed)}" if load.failed else ""
    say(f"  {verb}, {number} at a time: {load.done / load.seconds:.1f}/s, asked again {load.busy}{trouble}")
    return load


def _figures(loads: dict[Verb, list[Load]], chain: Chain, grown: int) -> dict[str, Metric]:
    found: dict[str, Metric] = {}
    for several in loads.values():
        for load in several:
            found |= figures.under(load)
        found |= figures.costs(figures.most(several))
    alone = told_by_log(chain.database, loads["solve"][0].latencies_ms)
    requests = sum(load.done for several in loads.values() for load in several)
    return found | figures.stages(alone) | figures.sizes(grown, requests, chain.memory())


if __name__ == "__main__":
    sys.exit(main())
