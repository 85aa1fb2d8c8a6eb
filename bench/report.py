"""What a bench prints: one object for machines, one table for people.

Knows numbers, units and ratios. Must not know what is measured.
"""

import argparse
import json
import operator
import os
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

_COMPARE: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<=": operator.le,
    "<": operator.lt,
    ">=": operator.ge,
}
_TABLE_WIDTH: Final = 120  # a file or a pipe has no width of its own


@dataclass(frozen=True)
class Metric:
    """One figure. `ratio` compares it with `ratio_to`, measured in the same run; `n` is how many samples.

    `bound` is what is asked of it, `met` whether it is so; both None when nothing is asked.
    """

    value: float
    unit: str
    n: int
    ratio: float | None = None
    ratio_to: str | None = None
    bound: str | None = None
    met: bool | None = None


def against(value: float, unit: str, n: int, *, baseline: Metric, name: str) -> Metric:
    """A metric with its ratio to a baseline of the same run."""
    ratio = value / baseline.value if baseline.value else None
    return Metric(_short(value), unit, n, None if ratio is None else _short(ratio), name)


def plain(value: float, unit: str, n: int) -> Metric:
    """A metric that stands alone."""
    return Metric(_short(value), unit, n)


def bounded(metric: Metric, bound: str) -> Metric:
    """The metric with what is asked of it: "ratio <= 4", "value < 50". A missing ratio meets nothing."""
    subject, sign, limit = bound.split()
    found = {"ratio": metric.ratio, "value": metric.value}[subject]
    met = found is not None and _COMPARE[sign](found, float(limit))
    return replace(metric, bound=bound, met=met)


def percentile(values: Sequence[float], percent: float) -> float:
    """Nearest-rank percentile of at least one value."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-len(ordered) * int(percent) // 100) - 1))]


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "cpus": len(os.sched_getaffinity(0)),
        "memory_mib": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
        "processor": _processor(),
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2),
    }


def parser(name: str, description: str, *, quick_s: int = 45) -> argparse.ArgumentParser:
    """The options that every bench has; `quick_s` is how long a quick run may take."""
    made = argparse.ArgumentParser(prog=f"python -m bench.{name}", description=description)
    made.add_argument("--quick", action="store_true", help=f"fewer samples; ends within {quick_s} s")
    made.add_argument("--json", action="store_true", help="print one JSON object and no table")
    return made


def publish(metrics: dict[str, Metric], *, as_json: bool) -> None:
    """Print the figures on stdout."""
    found = {"machine": machine(), "metrics": {name: _known(metric) for name, metric in metrics.items()}}
    if as_json:
        print(json.dumps(found))
        return
    table = Table("metric", "value", "unit", "n", "ratio", "to", "bound")
    for name, m in metrics.items():
        ratio = "" if m.ratio is None else f"{m.ratio:g}"
        bound = "" if m.bound is None else f"{m.bound}: {'met' if m.met else 'missed'}"
        table.add_row(name, f"{m.value:g}", m.unit, str(m.n), ratio, m.ratio_to or "", bound)
    console = Console()
    console.width = max(console.width, _TABLE_WIDTH)
    console.print(table)
    print(json.dumps(found))


def say(text: str) -> None:
    """Progress, on stderr."""
    print(text, file=sys.stderr, flush=True)


def _known(metric: Metric) -> dict[str, Any]:
    return {key: value for key, value in asdict(metric).items() if value is not None}


def _short(value: float) -> float:
    return float(f"{value:.4g}")


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
