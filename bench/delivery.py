"""What the stages around a program cost: `python -m bench.delivery [--quick] [--json]`.

The same program in turns: with no stage, with its inputs cut, with its figure drawn anew, with its contract
checked as well, and with all of it, in one sandbox without gRPC or a log. Wall times until a result.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from bench.report import Metric, against, parser, percentile, plain, publish, say
from executor_svc.delivery import staged
from executor_svc.delivery.staged import Work
from executor_svc.delivery.wanted import NOTHING, Wanted
from executor_svc.sandbox import InputFile, RunLimits, RunStatus, Sandbox, open_sandbox
from placet.local.services import sandbox_python
from placet.scope import load_scope

LIMITS: Final = RunLimits(wall_s=30, cpu_s=20, memory_mib=512, output_kib=1024, artifacts=16, artifact_mib=20)
ROUNDS: Final = {"quick": 8, "full": 60}
SALES: Final = InputFile.of(
    "sales.csv",
    b"day,region,customer,price\n"
    + b"".join(
        f"2026-{1 + n % 12:02}-{1 + n % 28:02},region {n % 7},c{n % 900},{n % 101}.5\n".encode()
        for n in range(5000)
    ),
)
PROGRAM: Final = b"""\
import matplotlib.pyplot as plt
import pandas as pd
sales = pd.read_csv("sales.csv")
by = sales.groupby("region", as_index=False).agg(price=("price", "mean"), n=("price", "size"))
by.to_csv("by_region.csv", index=False)
print(len(by), "regions")
plt.bar(by.region, by.price)
plt.title("Mean price by region")
plt.ylabel("EUR")
"""
_SCOPE: Final = """\
apiVersion: placet/v1
kind: Scope
metadata: {name: bench, version: 1, owner: bench}
purpose: Measured.
"""
_CUT: Final = "inputs: {columns: [{input: '*.csv', grant: [day, region, price], mask: [customer]}]}\n"
_CONTRACT: Final = (
    "contract: {max_rows: 1000, max_kib: 4096, min_group: {size: 5, count: n}, deny_columns: [customer]}"
)
SCOPES: Final[Mapping[str, str]] = {
    "cut": _SCOPE + _CUT,
    "figures": _SCOPE + "outputs: {kinds: [text, csv, png], images: figures_only}\n",
    "figures_and_contract": _SCOPE
    + f"outputs: {{kinds: [text, csv, png], images: figures_only, {_CONTRACT}}}\n",
    "all": _SCOPE + _CUT + f"outputs: {{kinds: [text, csv, png], images: figures_only, {_CONTRACT}}}\n",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print. 0, or 2 when a run did not end as it should."""
    options = parser("delivery", "What the stages around a program cost.").parse_args(arguments)
    try:
        samples = asyncio.run(_measure(ROUNDS["quick" if options.quick else "full"]))
    except RuntimeError as error:
        say(f"bench.delivery: {error}")
        return 2
    publish(_figures(samples), as_json=options.json)
    return 0


async def _measure(rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each way, in turns. Raises RuntimeError."""
    ways = {"program": NOTHING, **{name: Wanted.by(load_scope(s.encode()), {}) for name, s in SCOPES.items()}}
    samples: dict[str, list[float]] = defaultdict(list)
    sandbox = open_sandbox(sandbox_python())
    await sandbox.start()
    try:
        for round_ in range(rounds + 1):
            say(f"bench.delivery: round {round_} of {rounds}")
            for name, wanted in ways.items():
                spent = await _once(sandbox, name, wanted)
                if round_:  # the first is for what is loaded once
                    samples[name].append(spent)
    finally:
        await sandbox.close()
    return samples


async def _once(sandbox: Sandbox, name: str, wanted: Wanted) -> float:
    async def heard(_stream: str, _data: bytes) -> None:
        pass

    begun = time.perf_counter()
    work = Work(PROGRAM, (SALES,), LIMITS, {"pandas", "matplotlib"})
    result = await staged.run(sandbox, wanted, work, heard, lambda _: None)
    spent = (time.perf_counter() - begun) * 1000
    await result.release()
    if result.status is not RunStatus.EXITED or result.exit_code != 0:
        raise RuntimeError(f"{name} ended {result.status}: {[*result.violations, *result.notices]}")
    return spent


def _figures(samples: Mapping[str, Sequence[float]]) -> dict[str, Metric]:
    alone = samples["program"]
    base = plain(statistics.median(alone), "ms", len(alone))
    figures = {"program_p50": base, "program_p95": plain(percentile(alone, 95), "ms", len(alone))}
    for name in SCOPES:
        middle, count = statistics.median(samples[name]), len(samples[name])
        figures[f"{name}_p50"] = against(middle, "ms", count, baseline=base, name="program_p50")
        figures[f"{name}_added"] = plain(middle - base.value, "ms", count)
    return figures


if __name__ == "__main__":
    raise SystemExit(main())
