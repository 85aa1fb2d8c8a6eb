"""What people were asked to decide, and what they decided (docs/audit-format.md §6.20 to §6.24).

Knows verdicts that need people, votes, and the signatures under approvals. Must not know how a decision was
signed: `placet/audit/signed.py` looks at that. Of each record it keeps only what a later one can rest on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from placet.audit.actors import path_of
from placet.audit.placed import ChainBroken, Placed
from placet.audit.quorum import Ballot

CONSOLE: Final = "svc/console"
_NOT_ASKED: Final = "A person is said to have decided what nobody asked them."


class Item(NamedTuple):
    """A verdict that needs people."""

    ballot: Ballot
    request_id: str
    caller: object
    quorum: int


@dataclass
class Items:
    """The items so far, and what became of them."""

    asked: dict[int, Item] = field(default_factory=dict)
    closed: dict[int, int] = field(default_factory=dict)
    """Item → index of the verdict that closed it."""
    decided: set[tuple[int, object, object]] = field(default_factory=set)
    """Item, person and verdict of each decision."""
    shown: dict[object, object] = field(default_factory=dict)
    """Digest of each signed decision → its program."""
    signed: dict[int, int] = field(default_factory=dict)
    """Index of an approval_issued → index of its approval_signed."""

    def ask(self, placed: Placed) -> None:
        """The guard has reached a verdict; NEEDS_REVIEW makes an item."""
        body = placed.body
        if body["verdict"] == "NEEDS_REVIEW":
            ballot = Ballot(body["program_sha256"], scope_digest(body), placed.place)
            self.asked[placed.place] = Item(
                ballot, placed.record.request_id, body.get("caller"), _quorum(body.get("quorum"))
            )

    def decide(self, placed: Placed) -> Item | None:
        """A person decides, about the item that the record names; None when it names none.

        Raises ChainBroken.
        """
        if digest := placed.body.get("envelope_sha256"):
            self.shown[digest] = placed.body["program_sha256"]
        item = self._open(placed, "verdict_index")
        if item:
            self.decided.add((item.ballot.item or 0, placed.body["decided_by"], placed.body["verdict"]))
        return item

    def close(self, placed: Placed) -> Item | None:
        """A person's verdict, with the item that it closes. Raises ChainBroken."""
        item = self._open(placed, "reviewed_index")
        body = placed.body
        if item is None:
            if path_of(placed.record.actor) == CONSOLE:
                raise ChainBroken("it closes no item: it has no reviewed_index", _NOT_ASKED)
            return None
        index = item.ballot.item or 0
        self.closed[index] = placed.place
        if (
            path_of(placed.record.actor) == CONSOLE
            and (index, body["decided_by"], body["verdict"]) not in self.decided
        ):
            raise ChainBroken(
                f"no review_given before it is {body['decided_by']}'s {body['verdict']} on record {index}",
                "The console says that a person decided, and shows no decision of theirs.",
            )
        return item

    def start(self, placed: Placed) -> None:
        """A run that rests on decisions, which the log has seen. Raises ChainBroken."""
        named = placed.body.get("decisions", ())
        for digest in named if isinstance(named, list | tuple) else (named,):
            if self.shown.get(digest, "") != placed.body["program_sha256"]:
                raise ChainBroken(
                    f"decision {str(digest)[:16]}…, on which it rests, is in no review_given on its program",
                    "People's keys signed something that the log never saw.",
                )

    def claim(self, placed: Placed) -> None:
        """Somebody is at an item, or leaves it. Raises ChainBroken."""
        index = placed.body["verdict_index"]
        item = self.asked.get(index) if isinstance(index, int) else None
        if item is None or placed.body.get("program_sha256", item.ballot.program) != item.ballot.program:
            raise ChainBroken(f"record {index}, which it names, is no item on that program", _NOT_ASKED)

    def sign(self, placed: Placed, issued: Mapping[str, object] | None) -> None:
        """A signature under the approval that `issued` says was issued. Raises ChainBroken."""
        index = placed.body["issued_index"]
        meaning = "A signature is claimed under an approval that the log did not see issued."
        if issued is None or not isinstance(index, int):
            raise ChainBroken(f"it names record {index}, which is no approval_issued before it", meaning)
        for name, its in issued.items():
            mine = placed.record.actor if name == "actor" else placed.body[name]
            if mine != its:
                raise ChainBroken(f"its {name} is not that of record {index} (approval_issued)", meaning)
        if self.signed.setdefault(index, placed.place) != placed.place:
            raise ChainBroken(
                f"record {self.signed[index]} has the signature under record {index} already",
                "An approval is signed once; one of the two is invented.",
            )

    def _open(self, placed: Placed, field_name: str) -> Item | None:
        """The undecided item that a record names, about which its person may decide. Raises ChainBroken."""
        body = placed.body
        if field_name not in body:
            return None
        index = body[field_name]
        item = self.asked.get(index) if isinstance(index, int) else None
        if item is None:
            raise ChainBroken(
                f"record {index}, which it names, is no earlier NEEDS_REVIEW of a guard", _NOT_ASKED
            )
        same = (body["program_sha256"], scope_digest(body)) == item.ballot[:2]
        if not same or placed.record.request_id != item.request_id:
            raise ChainBroken(
                f"its program, scope or request is not that of record {index}, which it decides",
                "The decision was made about something else.",
            )
        if index in self.closed:
            raise ChainBroken(
                f"record {index} was decided before, by record {self.closed[index]}",
                "One of the two decisions should not have been taken.",
            )
        _not_ones_own(body["decided_by"], item, index)
        return item


def _not_ones_own(decided_by: object, item: Item, index: object) -> None:
    name = str(decided_by).removeprefix("human:")
    if path_of(str(item.caller)) in (f"caller/{name}", f"reviewer/{name}"):
        raise ChainBroken(
            f"{name} asked for what record {index} is about, and decides it as well",
            "One person asked and allowed: nobody else looked.",
        )


def scope_digest(body: Mapping[str, object]) -> str:
    """Hex digest of the scope that a record names; empty when it names none."""
    scope = body.get("scope")
    return str(scope.get("sha256")) if isinstance(scope, Mapping) else ""


def _quorum(value: object) -> int:
    return value if isinstance(value, int) and value > 1 else 1
