"""From samples to figures: what `bench.executor` reports, each beside its baseline, and what is asked of it.

Pure. Knows the names that the measuring modules give to their samples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import harmonic_mean, median
from typing import Final

from bench.report import Metric, against, bounded, percentile, plain

Values = Mapping[str, Sequence[float]]
Figures = dict[str, Metric]

CLIENTS: Final = (1, 4, 16, 64)
"""At once, each waiting for its run's end."""
IN_FLIGHT: Final = (1, 2)
"""Bare forks at once."""
OF_FRESH: Final = "ratio <= 0.01667"  # a sixtieth
CANCEL: Final = "value < 50"


def execute(samples: Values) -> Figures:
    """The RPC, against a fresh interpreter and a bare fork."""
    n = len(samples["execute"])
    found = _percentiles("fork", samples["fork"]) | _percentiles("fresh_import", samples["fresh"])
    fork, fresh = found["fork_p50"], found["fresh_import_p50"]
    for name, key in (("execute_on_record", "started"), ("execute_first_output", "first_output")):
        value = percentile(samples[key], 50)
        found[f"{name}_p50"] = against(value, "ms", n, baseline=fork, name="fork_p50")
    p50, p95, p99 = (percentile(samples["execute"], percent) for percent in (50, 95, 99))
    of_fork = against(p50, "ms", n, baseline=fork, name="fork_p50")
    of_fresh = against(p50, "ms", n, baseline=fresh, name="fresh_import_p50")
    found["execute_p50"] = bounded(of_fork, "ratio <= 4")
    found["execute_p50_of_fresh"] = bounded(of_fresh, OF_FRESH)
    found["execute_p95"] = against(p95, "ms", n, baseline=of_fork, name="execute_p50")
    found["execute_p99"] = bounded(against(p99, "ms", n, baseline=of_fork, name="execute_p50"), "ratio <= 6")
    return found


def sandbox(samples: Values) -> Figures:
    """A program in an armed cell, against a bare fork."""
    found = _percentiles("sandbox_fork", samples["fork"])
    fork = found["sandbox_fork_p50"]
    for key, bound in (("first_byte", "ratio <= 0.25"), ("status", "ratio <= 1.5")):
        values, name = samples[key], f"sandbox_{key}"
        p50 = against(median(values), "ms", len(values), baseline=fork, name="sandbox_fork_p50")
        found[f"{name}_p50"] = bounded(p50, bound)
        p99 = percentile(values, 99)
        found[f"{name}_p99"] = against(p99, "ms", len(values), baseline=p50, name=f"{name}_p50")
    return found


def throughput(samples: Values) -> Figures:
    """Runs per second, as share of the most bare forks per second."""
    found: Figures = {}
    total = int(sum(samples["forks"])) // len(IN_FLIGHT)
    for number in IN_FLIGHT:
        rate = harmonic_mean(samples[f"forks_{number}"])
        found[f"bare_forks_{number}_in_flight"] = plain(rate, "per s", total)
    best = max(found, key=lambda name: found[name].value)
    for clients in CLIENTS:
        rate, runs = harmonic_mean(samples[f"clients_{clients}"]), int(sum(samples[f"runs_{clients}"]))
        metric = against(rate, "per s", runs, baseline=found[best], name=best)
        name = f"runs_with_{clients}_clients"
        found[name] = bounded(metric, "ratio >= 0.6") if clients != max(CLIENTS) else metric
        failed = plain(sum(samples[f"failed_{clients}"]), "runs", runs)
        found[f"failed_with_{clients}_clients"] = bounded(failed, "value <= 0")
        found[f"busy_with_{clients}_clients"] = plain(sum(samples[f"busy_{clients}"]), "answers", runs)
    return found


def memory(samples: Values) -> Figures:
    """Private memory of an armed cell, against a fresh interpreter with the same libraries."""
    base = plain(median(samples["fresh"]), "MiB", len(samples["fresh"]))
    found = {"fresh_private": base}
    for key, name in (("program", "armed_program"), ("keeper", "keeper"), ("cell", "armed_cell")):
        values = samples[key]
        found[f"{name}_private"] = against(
            median(values), "MiB", len(values), baseline=base, name="fresh_private"
        )
    for name in ("armed_program_private", "armed_cell_private"):
        found[name] = bounded(found[name], "value <= 4")
    return found


def cancel(samples: Values) -> Figures:
    """From the cancelling until every process of the run is dead, against a bare fork."""
    found = {"cancel_fork_p50": plain(median(samples["fork"]), "ms", len(samples["fork"]))}
    for name in ("sandbox_cancel", "execute_cancel"):
        for percent in (50, 99):
            value, n = percentile(samples[name], percent), len(samples[name])
            metric = against(value, "ms", n, baseline=found["cancel_fork_p50"], name="cancel_fork_p50")
            found[f"{name}_p{percent}"] = bounded(metric, CANCEL) if percent == 99 else metric
    return found


def bombs(samples: Values) -> Figures:
    """Honest runs beside bombs, against the same alone."""
    found = _percentiles("honest_alone", samples["alone"])
    values = samples["beside"]
    for percent in (50, 95, 99):
        base = f"honest_alone_p{percent}"
        metric = against(percentile(values, percent), "ms", len(values), baseline=found[base], name=base)
        found[f"honest_beside_bombs_p{percent}"] = bounded(metric, "ratio <= 2") if percent == 99 else metric
    found["bombs"] = plain(sum(samples["bombs"]), "runs", len(samples["bombs"]))
    found["executor_ended"] = bounded(plain(sum(samples["ended"]), "times", 1), "value <= 0")
    return found


def job(samples: Values) -> Figures:
    """A real job, against the same in a fresh interpreter."""
    found = _percentiles("fresh_job", samples["fresh"])
    values = samples["job"]
    for percent in (50, 95, 99):
        base = f"fresh_job_p{percent}"
        metric = against(percentile(values, percent), "ms", len(values), baseline=found[base], name=base)
        found[f"job_p{percent}"] = bounded(metric, "ratio < 0.5") if percent == 50 else metric
    return found


def _percentiles(name: str, values: Sequence[float]) -> Figures:
    return {f"{name}_p{p}": plain(percentile(values, p), "ms", len(values)) for p in (50, 95, 99)}
