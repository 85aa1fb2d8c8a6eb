"""Which metrics, labels and values a PromQL expression names. That it is PromQL is promtool's to say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from placet.rpc import metrics

REPO = Path(__file__).resolve().parents[2]
ADDED = {"namespace", "pod", "le"}
"""Labels that a scrape or a histogram adds."""
OTHERS = {"process_cpu_seconds_total", "process_resident_memory_bytes"}
_SELECTOR = re.compile(r"\b((?:placet|process)_\w+)\s*(?:\{([^}]*)\})?")
_MATCHER = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"([^"]*)"')
_GROUPING = re.compile(r"\b(?:by|on|group_left|without|ignoring)\s*\(([^)]*)\)")
_PLAIN = re.compile(r"[A-Za-z_]+\Z")


@cache
def known() -> dict[str, set[str]]:
    """Name of a sample → its labels, of all that services show."""
    found: dict[str, set[str]] = {name: set() for name in OTHERS}
    for family in (each for families in metrics.GROUPS.values() for each in families):
        endings = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}.get(
            family._type, ("",)
        )
        found |= {family._name + ending: set(family._labelnames) for ending in endings}
    return found


@cache
def sources() -> str:
    """All code of ours."""
    roots = ("placet", "guard_svc", "generator_svc", "executor_svc", "audit_svc", "protos/placetpb")
    files = (path for root in roots for path in sorted((REPO / root).rglob("*.p[yr]*")))
    return "\n".join(path.read_text() for path in files if path.suffix in {".py", ".proto"})


def problems(expression: str) -> Iterator[str]:
    """What it names and does not exist."""
    used = _SELECTOR.findall(expression)
    for name, matchers in used:
        if name not in known():
            yield f"no metric {name}"
            continue
        for label, values in _MATCHER.findall(matchers):
            if label not in known()[name] | ADDED:
                yield f"{name} has no label {label}"
            elif label not in ADDED:
                yield from (f"nobody writes {each!r}" for each in values.split("|") if not _is_written(each))
    labels = ADDED.union(*(known().get(name, set()) for name, _ in used))
    for listed in _GROUPING.findall(expression):
        yield from (f"no label {label}" for label in re.findall(r"\w+", listed) if label not in labels)
    if not used:
        yield "it looks at nothing of ours"


def _is_written(value: str) -> bool:
    """Whether a value stands in our code; "GuardService/Review" is a service with a method; patterns pass."""
    service, _, method = value.partition("/")
    if method and _PLAIN.match(service) and _PLAIN.match(method):
        return f"service {service} " in sources() and f"rpc {method}(" in sources()
    return not _PLAIN.match(value) or f'"{value}"' in sources() or f".{value}" in sources()
