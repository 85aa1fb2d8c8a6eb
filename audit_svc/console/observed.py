"""What a run was allowed, beside what it did: limits and usage, tiers, inputs, files handed over.

Knows the fields of approvals and runs (docs/audit-format.md §2). Pure; says greater or smaller, no more.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from audit_svc.console.attempts import Run
from audit_svc.console.dossier import Item
from placet.approval.statement import TIERS
from placet.audit.ocsf_objects import number, text
from placet.scope import Scope

KIB: Final = 1024
MIB: Final = 1024 * 1024
_LIMITS: Final = {
    "wall_s": "wallS",
    "cpu_s": "cpuS",
    "memory_mib": "memoryMib",
    "output_kib": "outputKib",
    "artifacts": "artifacts",
    "artifact_mib": "artifactMib",
}
"""Names in a record, and in an approval's statement."""
_USED: Final = (
    ("wall time", "wall_s", "wall_ms", 1000, "s"),
    ("CPU time", "cpu_s", "cpu_ms", 1000, "s"),
    ("memory", "memory_mib", "max_memory_bytes", MIB, "MiB"),
    ("standard output", "output_kib", "stdout_bytes", KIB, "KiB"),
    ("standard error", "output_kib", "stderr_bytes", KIB, "KiB"),
)
"""Words, limit, usage, how many units of usage make one of the limit, and its name."""


@dataclass(frozen=True)
class Measure:
    """One line of the comparison."""

    what: str
    declared: str
    observed: str
    state: str
    """`within`, `reached`, `beyond`; `unknown` when the log does not say."""
    percent: int = 0
    """Of a limit, at most 100."""


@dataclass(frozen=True)
class Handed:
    """A file that a run handed over. Its name is a program's."""

    name: str
    sha256: str
    size: int


def measures(run: Run, scope: Scope | None) -> list[Measure]:
    """Compare a run that has ended with its approval; `scope` is the one it was judged by, if it is known."""
    if run.end is None or run.end.kind != "run_finished":
        return []
    limits, usage = _limits(run), _mapping(run.end.body.get("usage"))
    files = handed(run.end)
    return [
        *(_used(limits, usage, *each) for each in _USED),
        _bounded("files", limits.get("artifacts"), len(files), ""),
        _bounded("size of files", limits.get("artifact_mib"), sum(f.size for f in files) / MIB, "MiB"),
        _tier(run),
        _inputs(run),
        *_kinds(files, scope),
    ]


def grants(run: Run) -> list[str]:
    """The capabilities that the approval grants; none when its statement is not kept."""
    found = run.statement.get("grants")
    return [str(each) for each in found] if isinstance(found, list) else []


def handed(end: Item) -> list[Handed]:
    """The files that a run handed over: of its record or, when they are many, of the body that lists them."""
    listed: object = end.body.get("artifacts")
    if number(end.body, "artifacts_total"):
        try:
            listed = json.loads(end.bodies.get("artifacts", b"[]"))
        except (ValueError, RecursionError):
            listed = []
    return [
        Handed(text(each, "name"), text(each, "sha256"), number(each, "size") or 0)
        for each in (listed if isinstance(listed, list) else [])
        if isinstance(each, Mapping)
    ]


def _limits(run: Run) -> dict[str, int]:
    """By the approval's statement, else by what the record of the start says."""
    stated = _mapping(run.statement.get("limits"))
    recorded = _mapping(run.start.body.get("limits"))
    found = {}
    for name, spelled in _LIMITS.items():
        value = number(stated, spelled) if stated else number(recorded, name)
        if value is not None:
            found[name] = value
    return found


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}


def _used(
    limits: Mapping[str, int],
    usage: Mapping[str, object],
    what: str,
    limit: str,
    used: str,
    per: int,
    unit: str,
) -> Measure:
    value = number(usage, used)
    return _bounded(what, limits.get(limit), None if value is None else value / per, unit)


def _bounded(what: str, limit: int | None, value: float | None, unit: str) -> Measure:
    declared = "not on record" if limit is None else f"at most {limit:,} {unit}".strip()
    observed = "not on record" if value is None else f"{_figure(value)} {unit}".strip()
    if limit is None or value is None:
        return Measure(what, declared, observed, "unknown")
    state = "beyond" if value > limit else "reached" if value == limit and limit else "within"
    return Measure(what, declared, observed, state, min(100, round(100 * value / max(limit, 1))))


def _figure(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def _tier(run: Run) -> Measure:
    least = text(run.statement, "minTier") or text(run.approval.body if run.approval else {}, "min_tier")
    reached = text(run.end.body if run.end else {}, "tier")
    if least not in TIERS or reached not in TIERS:
        return Measure("isolation", least or "not on record", reached or "not on record", "unknown")
    state = "within" if TIERS.index(reached) >= TIERS.index(least) else "beyond"
    return Measure("isolation", f"tier {least} or stronger", f"tier {reached}", state)


def _inputs(run: Run) -> Measure:
    allowed = _files(run.approval.body if run.approval else {})
    given = _files(run.start.body)
    state = "unknown" if run.approval is None else "within" if allowed == given else "beyond"
    return Measure("inputs", _names(allowed), _names(given), state)


def _files(body: Mapping[str, object]) -> list[tuple[str, str]]:
    found = body.get("inputs")
    listed: Sequence[object] = found if isinstance(found, list | tuple) else []
    return sorted((text(i, "name"), text(i, "sha256")) for i in listed if isinstance(i, Mapping))


def _names(files: Sequence[tuple[str, str]]) -> str:
    return ", ".join(f"{name} ({digest[:12]})" for name, digest in files) or "none"


def _kinds(files: Sequence[Handed], scope: Scope | None) -> Iterator[Measure]:
    """Kinds of files are what a scope asks for, not what it allows: others are shown, and no break."""
    if scope is None:
        return
    kinds = sorted({PurePosixPath(each.name).suffix.removeprefix(".").lower() for each in files})
    asked = set(scope.outputs.kinds)
    state = "within" if set(kinds) <= asked else "beyond"
    yield Measure(
        "kinds of files", ", ".join(sorted(asked - {"text"})) or "none", ", ".join(kinds) or "none", state
    )
