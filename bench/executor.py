"""What a run costs: `python -m bench.executor [--quick] [--json] [--only FIGURE,…]`.

Every figure is measured beside its baseline in the same run, in turns: the executor's RPC and its sandbox
beside a fresh interpreter and beside a bare fork of a loaded one, honest runs beside bombs, a real job beside
the same job without a sandbox. A bound that is missed is told, and is no failure. A whole run takes about
twenty minutes on two idle cores.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench import executing, executor_figures, executor_services
from bench.baselines import IMPORTS, BareZygote, FreshInterpreter
from bench.executing import Executing
from bench.executor_figures import Figures, Values
from bench.report import parser, publish, say
from bench.rounds import PLANS, Samples
from placet.local.errors import StackError
from placet.local.services import sandbox_python
from placet.rpc.errors import ServiceError

FIGURES: Final[Mapping[str, Callable[[Values], Figures]]] = {
    "sandbox": executor_figures.sandbox,
    "memory": executor_figures.memory,
    "execute": executor_figures.execute,
    "throughput": executor_figures.throughput,
    "cancel": executor_figures.cancel,
    "bombs": executor_figures.bombs,
    "job": executor_figures.job,
}
OF_THE_SANDBOX: Final = frozenset({"sandbox", "memory", "cancel"})
OF_THE_SERVICE: Final = frozenset({"execute", "throughput", "cancel", "bombs", "job"})
QUICK_S: Final = 60


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print. 0, or 2 when something does not work at all; the other figures are printed then."""
    options = _options(arguments)
    bench = Bench("quick" if options.quick else "full", {name: {} for name in options.only})
    asyncio.run(bench.measure())
    metrics: Figures = {}
    for name, found in bench.samples.items():
        try:
            metrics |= FIGURES[name](found)
        except KeyError as missing:
            say(f"bench.executor: without {name}: {missing} was not measured")
    publish(metrics, as_json=options.json)
    return 2 if bench.failed else 0


@dataclass
class Bench:
    """The samples of each figure, by name; `failed` when one could not be measured."""

    plan_name: str
    samples: dict[str, dict[str, list[float]]]
    failed: bool = False

    async def measure(self) -> None:
        """Fill in the samples. What fails is told, and the next is measured."""
        with self._telling():
            if figures := [name for name in self.samples if name in OF_THE_SANDBOX]:
                for name, found in (await _sandbox_alone(self.plan_name, figures)).items():
                    self.samples[name] |= found
        with self._telling():
            if figures := [name for name in self.samples if name in OF_THE_SERVICE]:
                async with _executing(self.plan_name) as measured:
                    for figure in figures:
                        with self._telling():
                            self.samples[figure] |= _new(
                                self.samples[figure], await executing.measure(measured, figure)
                            )

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except (StackError, ServiceError, RuntimeError, OSError) as error:
            say(f"bench.executor: {type(error).__name__}: {error}")
            self.failed = True


def _new(known: Values, found: Samples) -> dict[str, list[float]]:
    """What a second measurement of a figure adds: for one name, its values come together."""
    return {name: [*known.get(name, ()), *values] for name, values in found.items()}


@asynccontextmanager
async def _executing(plan_name: str) -> AsyncIterator[Executing]:
    """The services, the baselines and the plan. Raises StackError, RuntimeError or OSError."""
    python = sandbox_python()
    with tempfile.TemporaryDirectory(prefix="placet-bench-") as directory:
        home = Path(directory) / "home"
        home.mkdir()
        fresh = FreshInterpreter(python, home)
        await fresh.seconds(IMPORTS)  # what the libraries cache on disk is there from now on
        async with (
            executor_services.running(Path(directory) / "state", os.environ) as services,
            BareZygote.start(python, home) as zygote,
        ):
            pool = await services.placet.pool()
            say(f"the executor reaches {pool.tier}: {'; '.join(pool.isolation)}")
            yield Executing(services, zygote, fresh, PLANS[plan_name])


async def _sandbox_alone(plan_name: str, figures: Sequence[str]) -> dict[str, dict[str, list[float]]]:
    """Raises RuntimeError when the process fails; its message stands on stderr."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.sandboxing",
        plan_name,
        *figures,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    if process.returncode != 0:
        raise RuntimeError("the sandbox could not be measured; its message stands above")
    found: dict[str, dict[str, list[float]]] = json.loads(output)
    return found


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    made = parser(
        "executor", "What a run costs, beside a fresh interpreter and a bare fork.", quick_s=QUICK_S
    )
    made.add_argument(
        "--only",
        type=_figures,
        default=list(FIGURES),
        metavar="FIGURE,…",
        help=f"measure only these of {', '.join(FIGURES)}",
    )
    return made.parse_args(arguments)


def _figures(text: str) -> list[str]:
    names = text.split(",")
    if unknown := sorted(set(names) - set(FIGURES)):
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is none of {', '.join(FIGURES)}")
    return names


if __name__ == "__main__":
    sys.exit(main())
