"""The programs of one request in the order in which they came: who wrote each, how it was judged, how it ran.

Knows which records belong to one program. Pure; must not know pages. Records are shown, never believed: of
each field only what is of the wanted type is taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from audit_svc.console.dossier import Dossier, Item
from placet.answers import Finding
from placet.audit.actors import path_of
from placet.audit.ocsf_objects import number, text
from placet.audit.record import RecordInvalid, parse_object

_WRITTEN: Final = (
    "program_generated",
    "verdict_reached",
    "review_failed",
    "run_started",
    "admission_refused",
)
MAX_FINDINGS: Final = 1000
UNFIT: Final = "policy.plan.unfit"
"""The guard's finding that a plan does not account for the program that it came with."""


@dataclass(frozen=True)
class Run:
    """One run of a program: the approval it came by, its start, and its end if there is one."""

    approval: Item | None
    start: Item
    end: Item | None

    @property
    def statement(self) -> Mapping[str, object]:
        """The predicate of the approval's statement; nothing when that is not kept."""
        return predicate_of(self.approval)


@dataclass(frozen=True)
class Attempt:
    """One program."""

    number: int
    """From 1, in the order in which the programs came."""
    program_sha256: str
    source: Item | None
    """A record that holds the program as a body which may be shown; None when none does."""
    written: Item | None
    """The record of its generation; None when the caller brought the program."""
    verdicts: tuple[Item, ...]
    """Of the guard and of people, in order."""
    votes: tuple[Item, ...]
    approvals: tuple[Item, ...]
    runs: tuple[Run, ...]

    @property
    def program(self) -> bytes | None:
        """Its bytes."""
        return self.source.bodies["program"] if self.source else None

    @property
    def plan(self) -> bytes | None:
        """The plan of actions that the guard judged it by, or its generator compiled it from."""
        return next(filter(None, map(plan_of, filter(None, (self.judged, self.written)))), None)

    @property
    def judged(self) -> Item | None:
        """The guard's newest verdict on it."""
        by_guard = [item for item in self.verdicts if is_by_guard(item)]
        return by_guard[-1] if by_guard else None

    @property
    def verdict(self) -> str:
        """The newest of all; empty when it was not judged."""
        return text(self.verdicts[-1].body, "verdict") if self.verdicts else ""

    @property
    def findings(self) -> list[Finding]:
        """What the guard found; all of it where the body is kept, else what the record holds."""
        return findings_of(self.judged) if self.judged else []


def is_by_guard(item: Item) -> bool:
    """Whether the record is the guard's own."""
    return item.record is not None and path_of(item.record.actor) == "svc/guard"


def attempts(dossier: Dossier) -> list[Attempt]:
    """The request's programs, each once."""
    digests = dict.fromkeys(
        digest
        for item in dossier.life
        if item.kind in _WRITTEN and (digest := text(item.body, "program_sha256"))
    )
    return [_attempt(place, digest, dossier.life) for place, digest in enumerate(digests, 1)]


def _attempt(place: int, digest: str, life: Sequence[Item]) -> Attempt:
    about = [item for item in life if text(item.body, "program_sha256") == digest]

    def of(kind: str) -> tuple[Item, ...]:
        return tuple(item for item in about if item.kind == kind)

    return Attempt(
        number=place,
        program_sha256=digest,
        source=next((item for item in about if "program" in item.bodies), None),
        written=next(iter(of("program_generated")), None),
        verdicts=of("verdict_reached"),
        votes=of("review_given"),
        approvals=of("approval_issued"),
        runs=tuple(_run(start, life) for start in of("run_started")),
    )


def _run(start: Item, life: Iterable[Item]) -> Run:
    approval_id, run_id = text(start.body, "approval_id"), text(start.body, "run_id")
    approval = end = None
    for item in life:
        if item.kind == "approval_issued" and text(item.body, "approval_id") == approval_id:
            approval = approval or item
        if item.kind in ("run_finished", "run_aborted") and text(item.body, "run_id") == run_id:
            end = end or item
    return Run(approval, start, end)


def predicate_of(approval: Item | None) -> Mapping[str, object]:
    """The predicate of an approval's statement; nothing when it is not kept or not JSON."""
    try:
        statement = parse_object(approval.bodies["statement"]) if approval else {}
    except (KeyError, RecordInvalid):
        return {}
    predicate = statement.get("predicate")
    return predicate if isinstance(predicate, Mapping) else {}


def plan_of(item: Item) -> bytes | None:
    """The plan that came with a program; none where the guard says that the program is another one.

    Anybody can send a harmless plan beside a program, and people would read the plan.
    """
    unfit = any(found.rule_id == UNFIT for found in findings_of(item))
    return None if unfit else item.bodies.get("plan")


def findings_of(item: Item) -> list[Finding]:
    """The findings of a verdict or a screening."""
    whole = item.bodies.get("findings")
    try:
        listed = parse_object(b'{"all":' + whole + b"}")["all"] if whole else item.body.get("findings")
    except RecordInvalid:
        listed = item.body.get("findings")
    found = listed if isinstance(listed, list | tuple) else []
    return [_finding(each) for each in found[:MAX_FINDINGS] if isinstance(each, Mapping)]


def _finding(found: Mapping[str, object]) -> Finding:
    line = number(found, "line") or 0
    return Finding(
        rule_id=text(found, "rule_id"),
        severity=text(found, "severity"),
        line=line,
        end_line=number(found, "end_line") or line,
        message=text(found, "message"),
        source=text(found, "source"),
        quote=text(found, "quote"),
    )
