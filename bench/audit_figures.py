"""From samples to figures for `bench.audit`, each with what is asked of it.

Knows names of samples and bounds. Must not know how anything is measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Final

from bench.report import Metric, against, bounded, percentile, plain

Figures = dict[str, Metric]
Values = Mapping[str, Sequence[float]]

RATE_BOUNDS: Final = {("sqlite", 256): "ratio >= 20", ("sqlite_slow", 256): "ratio >= 20"}
"""Of the same rows, one per transaction, on the same disk."""
LATENCY_BOUNDS: Final = {("sqlite", 16, 99): "value < 25"}
"""Milliseconds."""


def appending(store: str, writers: Sequence[int], samples: Values) -> Figures:
    """Appends a second, and how long each took, beside the same rows one per transaction."""
    base = f"rows_one_by_one_{store}"
    found = {base: plain(median(samples["rows"]), "1/s", len(samples["rows"]))}
    for number in writers:
        rate, took = samples[f"rate_{number}"], samples[f"ms_{number}"]
        name = f"append_{store}_{number}"
        metric = against(median(rate), "1/s", len(took), baseline=found[base], name=base)
        found[name] = _asked(metric, RATE_BOUNDS.get((store, number)))
        for percent in (50, 99):
            metric = plain(percentile(took, percent), "ms", len(took))
            found[f"{name}_p{percent}"] = _asked(metric, LATENCY_BOUNDS.get((store, number, percent)))
    return found


def growing(sizes: tuple[int, int], samples: Values) -> Figures:
    """What an append costs on a small and a big log, and the memory of a process that writes to each."""
    small, big = (f"{size:.0e}".replace("e+0", "e") for size in sizes)
    found: Figures = {}
    for what, unit, bound, values in (
        ("append_cost", "us", "ratio <= 1.3", (samples["small"], samples["big"])),
        ("memory", "MiB", "ratio <= 1.3", (samples["small_memory"], samples["big_memory"])),
    ):
        base = f"{what}_at_{small}"
        found[base] = plain(median(values[0]), unit, len(values[0]))
        metric = against(median(values[1]), unit, len(values[1]), baseline=found[base], name=base)
        found[f"{what}_at_{big}"] = bounded(metric, bound)
    return found


def reading(samples: Values) -> Figures:
    """Proofs, verification and pages of the big log."""
    proofs = samples["proof"]
    found = {
        "proof_p50": plain(percentile(proofs, 50), "ms", len(proofs)),
        "proof_max": bounded(plain(max(proofs), "ms", len(proofs)), "value < 10"),
    }
    for name in ("verify", "verify_bytes"):
        rates = samples[name]
        found[name] = bounded(plain(median(rates), "records/s", len(rates)), "value >= 50000")
    for name, values in samples.items():
        if name.startswith("page_"):
            found[f"{name}_max"] = bounded(plain(max(values), "ms", len(values)), "value < 300")
    return found


def _asked(metric: Metric, bound: str | None) -> Metric:
    return bounded(metric, bound) if bound else metric
