"""The review queue: which verdicts wait for people, in which order, and who is at them.

Follows the log (live.py). For lists only: whoever decides, decides on what the log says then (cases.py).
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Final

from audit_svc.console.bodies import record_of
from audit_svc.console.case import CONSOLE, SIGNED_WITHIN, Claim, is_for_people, moment, requester_of
from audit_svc.console.cases import KINDS
from audit_svc.console.log import Log
from placet.audit.actors import path_of
from placet.audit.ocsf_objects import SEVERITY_IDS, findings, number, short, text
from placet.audit.query import Query
from placet.audit.reader import Entry, LogReader
from placet.audit.record import Record

MANY: Final = 1_000_000
ORDERS: Final = ("risk", "age")
"""By the worst finding, then by the reviewer's risk, then the oldest first; or just the oldest first."""


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


class Queue:
    """Part of the console: what waits. The log has checked who wrote the records that it comes from."""

    def __init__(self) -> None:
        self._waiting: dict[int, Item] = {}
        """By index, which is their age."""
        self._urgent: list[tuple[int, int, int]] = []
        """The urgency of each, sorted."""
        self._unsigned: dict[int, Item] = {}
        self._by_request: defaultdict[str, list[Item]] = defaultdict(list)
        self._seen = 0

    async def start(self, log: Log) -> None:
        """See live.Part."""
        for entry in await log.ask(_past):
            self.follow(entry, record_of(entry))

    def follow(self, entry: Entry, record: Record) -> None:
        """See live.Part."""
        if entry.index < self._seen:
            return
        self._seen = entry.index + 1
        if is_for_people(entry, record):
            self._add(_item(entry, record))
        elif record.kind in _ACTS:
            for item in list(self._by_request.get(record.request_id, ())):
                _ACTS[record.kind](item, record)
                self._place(item)

    def __len__(self) -> int:
        """How many items wait for people."""
        return len(self._waiting)

    def waiting(self, most: int = MANY, order: str = "risk") -> list[Item]:
        """What people must decide, the first of it in one of ORDERS."""
        if order == "age":
            return list(islice(self._waiting.values(), most))
        return [self._waiting[index] for *_, index in self._urgent[:most]]

    def unsigned(self, name: str, now: datetime) -> list[Item]:
        """What this person has allowed and still can sign."""
        mine = (item for item in self._unsigned.values() if item.allowed_by == name)
        return [item for item in mine if now < moment(item.allowed_at) + SIGNED_WITHIN]

    def _add(self, item: Item) -> None:
        self._waiting[item.index] = item
        insort(self._urgent, item.urgency)
        self._by_request[item.request_id].append(item)

    def _place(self, item: Item) -> None:
        """Put an item where it belongs after something happened to it."""
        if (item.allowed_by or item.done) and self._waiting.pop(item.index, None):
            del self._urgent[bisect_left(self._urgent, item.urgency)]
            self._unsigned[item.index] = item
        if item.done:
            del self._unsigned[item.index]
            of_request = self._by_request[item.request_id]
            of_request.remove(item)
            if not of_request:
                del self._by_request[item.request_id]


def _past(reader: LogReader) -> list[Entry]:
    """Records of the past that can matter, found by kind, verdict or word, in log order."""
    newest = next(iter(reader.find(Query(limit=1, descending=True))), None)
    if newest is None:
        return []
    below = partial(Query, from_index=newest.index + 1, limit=MANY, descending=True)
    wanted = [
        below(kind="verdict_reached", verdict="NEEDS_REVIEW"),
        # A person's verdict says `human:NAME`, which the index of words finds.
        below(kind="verdict_reached", text="human"),
        *(below(kind=kind) for kind in sorted(KINDS - {"verdict_reached", "approval_issued"})),
    ]
    found = {entry.index: entry for query in wanted for entry in reader.find(query)}
    return [found[index] for index in sorted(found)]


def _item(entry: Entry, record: Record) -> Item:
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


_ACTS: Final[Mapping[str, Callable[[Item, Record], None]]] = {
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
