"""What the counters grew by: they are the process's, so a test looks at differences."""

from __future__ import annotations

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from placet.rpc import metrics

Key = tuple[str, tuple[str, ...]]
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]
"""What a process shows: name and labels → value."""


def read(text: str) -> Samples:
    """The body of an answer to /metrics."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def collected() -> list[Metric]:
    """All that any service could show."""
    return [
        found for families in metrics.GROUPS.values() for family in families for found in family.collect()
    ]


class Meter:
    """Made before what is to be counted."""

    def __init__(self) -> None:
        self._before = _values()

    def grown(self, name: str, *labels: str) -> float:
        """By how much a sample with these labels, in the metric's order, is greater than it was."""
        key = (name, labels)
        return _values().get(key, 0.0) - self._before.get(key, 0.0)


def now(name: str, *labels: str) -> float:
    """A sample as it is; 0 when nobody has set it."""
    return _values().get((name, labels), 0.0)


def _values() -> dict[Key, float]:
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for found in collected()
        for sample in found.samples
    }
