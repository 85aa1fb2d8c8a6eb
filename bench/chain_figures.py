"""From loads to figures for `bench.chain`.

Knows names and arithmetic. Must not know how anything is measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import mean
from typing import Final

from bench.chain_log import Appends
from bench.chaining import Load, Told
from bench.report import Metric, percentile, plain

Figures = dict[str, Metric]
PERCENTS: Final = (50, 95, 99)


def under(load: Load) -> Figures:
    """Throughput and latency of one load, and what of it failed."""
    name = f"{load.verb}_c{load.clients}"
    found = {f"{name}_per_s": plain(load.done / load.seconds, "1/s", load.done)}
    if load.done:
        values = list(load.latencies_ms.values())
        found |= {f"{name}_p{p}": plain(percentile(values, p), "ms", load.done) for p in PERCENTS}
    found[f"{name}_failed"] = plain(load.failed.total(), "", load.done)
    return found


def costs(load: Load) -> Figures:
    """Processor time of each service, and model calls, of one request under a load that keeps them busy."""
    found = {
        f"{load.verb}_cpu_{service}": plain(used * 1000 / load.done, "ms", load.done)
        for service, used in load.cpu_s.items()
    }
    found[f"{load.verb}_cpu"] = plain(sum(load.cpu_s.values()) * 1000 / load.done, "ms", load.done)
    found[f"{load.verb}_model_calls"] = plain(load.calls / load.done, "", load.done)
    found[f"{load.verb}_model_characters"] = plain(load.characters / load.done, "", load.done)
    return found


def stages(told: Told) -> Figures:
    """Where the time of a Solve goes when it is alone; and what it leaves in the log."""
    found = {
        f"stage_{name}_p50": plain(percentile(values, 50), "ms", len(values))
        for name, values in told.stages.items()
    }
    number = len(told.records)
    found["records"] = plain(mean(told.records), "", number)
    found["program_cpu"] = plain(mean(told.program_cpu_ms), "ms", number)
    return found


def appending(found: Appends) -> Figures:
    """Records a second that the log took over gRPC, and the processor time of each."""
    name = f"append_w{found.writers}"
    return {
        f"{name}_per_s": plain(found.done / found.seconds, "1/s", found.done),
        f"{name}_cpu": plain(found.cpu_s * 1000 / found.done, "ms", found.done),
    }


def sizes(log_bytes: float, requests: int, memory_mib: Mapping[str, float]) -> Figures:
    """What a request adds to the log's files, and the memory of the services after all of them."""
    found = {"log_kib": plain(log_bytes / 1024 / requests, "KiB", requests)}
    return found | {f"memory_{name}": plain(value, "MiB", 1) for name, value in memory_mib.items()}


def most(loads: Iterable[Load]) -> Load:
    """The load with the highest throughput."""
    return max(loads, key=lambda load: load.done / load.seconds)


def all_failed(loads: Sequence[Load]) -> str:
    """Why nothing can be said of a load; empty when each had answers."""
    return "; ".join(
        f"{load.verb} with {load.clients}: {dict(load.failed)}" for load in loads if not load.done
    )
