"""One row of the queue: a verdict that waits for people, as far as a list needs it.

Knows which later record does what to it. For showing only: whoever decides looks at the log (cases.py). Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from audit_svc.console.case import CONSOLE, Claim, moment, requester_of
from placet.audit.actors import path_of
from placet.audit.ocsf_objects import SEVERITY_IDS, findings, number, short, text
from placet.audit.reader import Entry
from placet.audit.record import Record


@dataclass
class Item:
    """A verdict that waits for people."""

    index: int
    request_id: str
    time: str
    caller: str
    scope: str
    program_sha256: str
    severity: str
    """Of the worst finding; empty without findings."""
    risk_pct: int
    rules: tuple[str, ...]
    needed: int
    votes: dict[str, str] = field(default_factory=dict)
    """Name → ALLOWED or DENIED."""
    claim: Claim | None = None
    allowed_by: str = ""
    """Who allowed it last and has not signed the approval yet."""
    allowed_at: str = ""
    done: bool = False
    """Denied, or allowed and signed."""

    @property
    def requester(self) -> str:
        """Who asked, and so may not decide."""
        return requester_of(self.caller)

    @property
    def allowing(self) -> int:
        """How many have allowed it."""
        return sum(verdict == "ALLOWED" for verdict in self.votes.values())

    def claim_at(self, now: datetime) -> Claim | None:
        """The claim that holds then."""
        return self.claim if self.claim and now < self.claim.until else None

    @property
    def urgency(self) -> tuple[int, int, int]:
        """Smaller is graver; of two alike the older one."""
        return -SEVERITY_IDS.get(self.severity, 0), -self.risk_pct, self.index


def item_of(entry: Entry, record: Record) -> Item:
    """The item that a verdict makes."""
    body = record.body
    found = findings(body)
    return Item(
        index=entry.index,
        request_id=record.request_id,
        time=record.time,
        caller=text(body, "caller"),
        scope=entry.scope,
        program_sha256=text(body, "program_sha256"),
        severity=_worst(text(each, "severity") for each in found),
        risk_pct=number(body, "risk_pct") or 0,
        rules=tuple(dict.fromkeys(text(each, "rule_id") for each in found)),
        needed=number(body, "quorum") or 1,
    )


def _worst(severities: Iterable[str]) -> str:
    return max(severities, key=lambda each: SEVERITY_IDS.get(each, 0), default="")


def _about(item: Item, record: Record) -> bool:
    return number(record.body, "verdict_index") == item.index


def _name(record: Record) -> str:
    return text(record.body, "decided_by").removeprefix("human:")


def _claimed(item: Item, record: Record) -> None:
    if _about(item, record):
        item.claim = Claim(_name(record), moment(text(record.body, "until")))


def _released(item: Item, record: Record) -> None:
    if _about(item, record):
        item.claim = None


def _voted(item: Item, record: Record) -> None:
    name = _name(record)
    if _about(item, record) and name != item.requester:
        item.votes[name] = text(record.body, "verdict")
        item.claim = None if item.claim and item.claim.name == name else item.claim


def _settled(item: Item, record: Record) -> None:
    """A denial ends it, and so does an approval that was made elsewhere, signature and all."""
    body = record.body
    if not text(body, "decided_by").startswith("human:"):
        return
    named = number(body, "reviewed_index")
    if named == item.index or (named is None and text(body, "program_sha256") == item.program_sha256):
        item.allowed_by, item.allowed_at, item.claim = _name(record), record.time, None
        item.done = text(body, "verdict") == "DENIED" or path_of(record.actor) != CONSOLE


def _signed(item: Item, record: Record) -> None:
    same = text(record.body, "program_sha256") == item.program_sha256
    item.done = item.done or (bool(item.allowed_by) and same)


ACTS: Final[Mapping[str, Callable[[Item, Record], None]]] = {
    "review_claimed": _claimed,
    "review_released": _released,
    "review_given": _voted,
    "verdict_reached": _settled,
    "approval_signed": _signed,
}
"""What a later record of its request does to an item."""


def told(item: Item, name: str, now: datetime) -> dict[str, object]:
    """An item as the list shows it to a person, in plain values: for the page, and for its live updates."""
    claim = item.claim_at(now)
    return {
        "index": item.index,
        "path": f"/queue/{item.index}",
        "request_id": item.request_id,
        "time": item.time,
        "caller": short(item.caller),
        "scope": item.scope,
        "severity": item.severity,
        "risk_pct": item.risk_pct,
        "rules": list(item.rules),
        "people": f"{item.allowing} of {item.needed}",
        "state": _state(item, name, claim),
    }


def _state(item: Item, name: str, claim: Claim | None) -> str:
    if item.requester == name:
        return "yours: somebody else decides"
    if name in item.votes:
        return "you have decided"
    if claim:
        return f"{'you are' if claim.name == name else f'{claim.name} is'} at it until {claim.until:%H:%M}"
    return "open"
