"""One item of the queue as the log has it: the verdict that asked for people, and what people did about it.

Pure: no I/O and no clock; decides nothing. Must not know records (cases.py puts items together).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from placet.audit.actors import path_of
from placet.audit.ocsf_objects import number, text
from placet.audit.reader import Entry
from placet.audit.record import Record

GUARD: Final = "svc/guard"
CONSOLE: Final = "svc/console"
DECISION: Final = "decision"
"""Role of the body that holds a decision's envelope."""
SIGNED_WITHIN: Final = timedelta(minutes=15)
"""After a verdict; later, too much may have changed for an approval of what was seen then."""
ELSEWHERE_WITHIN: Final = timedelta(minutes=1)
_REQUESTERS: Final = ("caller/", "reviewer/")
_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)

Told = tuple[Entry, Record]


@dataclass(frozen=True)
class Vote:
    """One person's decision on record."""

    index: int
    leaf_hash: bytes
    name: str
    verdict: str
    reason: str
    time: str
    here: bool = True
    """Whether it was given in the console; `placet approve` gives others."""


@dataclass(frozen=True)
class Claim:
    """Who is looking at it, and until when."""

    name: str
    until: datetime


@dataclass(frozen=True)
class Settled:
    """People have decided: the record that says so."""

    index: int
    leaf_hash: bytes
    verdict: str
    name: str
    time: str
    here: bool = True
    """As of Vote: whoever decided elsewhere signs there too."""


@dataclass(frozen=True)
class Issued:
    """An approval's statement that is on record; `signed_index` names the record of its signature."""

    entry: Entry
    approval_id: str
    key_id: str
    expires_at: datetime
    signed_index: int | None = None


@dataclass(frozen=True)
class Case:
    """One NEEDS_REVIEW of the guard's, and all later records of its request that are about it."""

    entry: Entry
    record: Record
    votes: tuple[Vote, ...] = ()
    claim: Claim | None = None
    moves: int = 0
    """How often it was claimed or released: the next such record's number."""
    cast: int = 0
    """How many decisions the console has recorded on it: the next one's number."""
    settled: Settled | None = None
    issued: tuple[Issued, ...] = ()

    @property
    def index(self) -> int:
        """Of the verdict: the item's name."""
        return self.entry.index

    @property
    def requester(self) -> str:
        """The NAME of the caller or reviewer who asked; empty when it was neither."""
        return requester_of(text(self.record.body, "caller"))

    @property
    def needed(self) -> int:
        """How many people must allow it, as the guard recorded."""
        return number(self.record.body, "quorum") or 1

    @property
    def allowing(self) -> tuple[Vote, ...]:
        """The votes that allow it, one of each person, in log order."""
        return tuple({vote.name: vote for vote in self.votes if vote.verdict == "ALLOWED"}.values())

    @property
    def deciding(self) -> Vote | None:
        """The vote that decides, by the log's order: the first denial, or the allowing one that is enough.

        So every reader of the log sees the same outcome, however many decide at once.
        """
        allowing: set[str] = set()
        for vote in self.votes:
            allowing |= {vote.name} if vote.verdict == "ALLOWED" else set()
            if vote.verdict == "DENIED" or len(allowing) >= self.needed:
                return vote
        return None

    @property
    def signed(self) -> Issued | None:
        """The approval that was signed, if one was."""
        return next((issued for issued in self.issued if issued.signed_index is not None), None)

    @property
    def signer(self) -> str:
        """Whose signature under the approval is what is missing; empty when none is."""
        settled = self.settled
        missing = settled and settled.here and settled.verdict == "ALLOWED" and not self.signed
        return settled.name if settled and missing else ""

    def is_complete_at(self, now: datetime) -> bool:
        """Whether the verdict that its votes lead to is to be written here, if it is not there.

        `placet approve` writes its own; when it was stopped before that, the console does so after a minute.
        """
        deciding = self.deciding
        if self.settled or not deciding:
            return False
        return deciding.here or now > moment(deciding.time) + ELSEWHERE_WITHIN

    def claim_at(self, now: datetime) -> Claim | None:
        """The claim that holds then: not run out, and nobody has decided."""
        held = self.claim is not None and now < self.claim.until and self.settled is None
        return self.claim if held else None

    def vote_of(self, name: str) -> Vote | None:
        """A person's first decision, if they made one."""
        return next((vote for vote in self.votes if vote.name == name), None)


def is_for_people(entry: Entry, record: Record) -> bool:
    """Whether a record puts an item into the queue."""
    return (
        record.kind == "verdict_reached"
        and entry.verdict == "NEEDS_REVIEW"
        and path_of(record.actor) == GUARD
        and bool(record.request_id)
    )


def requester_of(caller: str) -> str:
    """The NAME of `caller/NAME` or `reviewer/NAME`, which may not decide about its own request."""
    path = path_of(caller)
    return next((path.removeprefix(kind) for kind in _REQUESTERS if path.startswith(kind)), "")


def moment(time: str) -> datetime:
    """A time in a record's body; what is none has always been over."""
    try:
        found = datetime.fromisoformat(time)
    except ValueError:
        return _LONG_AGO
    return found if found.tzinfo else _LONG_AGO
