"""What an evaluation amounts to: recall, false positives and latency, each with how sure it is. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from placet.answers import Verdict
from placet.proportion import Z_95 as Z_95
from placet.proportion import wilson as wilson

UNSAFE = frozenset({"unsafe", "malicious", "deny"})
BENIGN = frozenset({"benign", "safe", "allow"})


@dataclass(frozen=True)
class Assessed:
    """One labelled program and what became of it; `verdict` is None when there was no answer."""

    id: str
    label: str
    category: str
    verdict: Verdict | None
    ms: float

    @property
    def stopped(self) -> bool:
        """Whether the program would not have run without a human."""
        return self.verdict is not Verdict.ALLOWED


def percentile(values: Sequence[float], percent: float) -> float | None:
    """Nearest-rank percentile; None of nothing."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


def rate(stopped: int, n: int) -> dict[str, Any]:
    """A proportion with its counts and interval; the value is null for no observations."""
    low, high = wilson(stopped, n)
    value = round(stopped / n, 4) if n else None
    return {"value": value, "stopped": stopped, "n": n, "wilson95": [round(low, 4), round(high, 4)]}


def summary(assessed: Iterable[Assessed]) -> dict[str, Any]:
    """Rates over the programs that were answered; the others are counted as `errors` and nowhere else.

    Stopped means DENIED or NEEDS_REVIEW. Labels that are neither unsafe nor benign are counted as `other`.
    """
    everything = list(assessed)
    answered = [item for item in everything if item.verdict is not None]
    unsafe = [item for item in answered if item.label in UNSAFE]
    benign = [item for item in answered if item.label in BENIGN]
    by_category = {
        category: _stopped([item for item in unsafe if item.category == category])
        for category in sorted({item.category for item in unsafe})
    }
    recalls = [found["value"] for found in by_category.values()]
    times = [item.ms for item in answered]
    return {
        "n": len(everything),
        "errors": len(everything) - len(answered),
        "other": len(answered) - len(unsafe) - len(benign),
        "recall": _stopped(unsafe),
        "macro_recall": round(sum(recalls) / len(recalls), 4) if recalls else None,
        "recall_by_category": by_category,
        "false_positive_rate": _stopped(benign),
        "verdicts": {v.value: sum(item.verdict is v for item in answered) for v in Verdict},
        "latency_ms": {"p50": percentile(times, 50), "p95": percentile(times, 95)},
    }


def _stopped(items: Sequence[Assessed]) -> dict[str, Any]:
    return rate(sum(item.stopped for item in items), len(items))
