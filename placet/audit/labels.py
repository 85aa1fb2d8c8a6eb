"""What people say about verdicts and findings, read from `label_given` records (docs/labels-format.md §1).

Knows one label and which of several count. Must not know where records come from, or who may see them. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

from placet.audit.ocsf_objects import number, text
from placet.audit.record import Record

AGREE: Final = "agree"
WRONG: Final = "wrong"
VERDICTS: Final = ("ALLOWED", "NEEDS_REVIEW", "DENIED")
"""From the mildest to the strictest."""
DECIDED: Final = ("ALLOWED", "DENIED")
MAX_RULES: Final = 50
MAX_WHY: Final = 1000
"""Characters."""
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_index = attrgetter("index")


@dataclass(frozen=True)
class Label:
    """One person's opinion on a verdict, or on one of its findings."""

    index: int
    """Of the record."""
    time: str
    request_id: str
    person: str
    """NAME of `human:NAME`."""
    verdict_index: int
    verdict_hash: bytes
    """Leaf hash of the verdict's record, 32 bytes; empty when whoever wrote the label left it out."""
    program_sha256: str
    judged: str
    """The guard's verdict; empty when it is a person's, or when whoever wrote the label left it out."""
    verdict: str
    """On a verdict: the right one, as this person sees it. On a finding: `judged`."""
    right: bool
    """Whether they agree."""
    rule: str
    """Empty: about the verdict as a whole."""
    line: int
    why: str
    blind: bool
    rules: tuple[str, ...]
    """Ids of the rules that found something, each once."""
    scope: str

    @property
    def thing(self) -> tuple[int, str, int]:
        """What it is about: verdict, rule and line."""
        return self.verdict_index, self.rule, self.line

    @property
    def on_verdict(self) -> bool:
        """Whether it is about the verdict as a whole."""
        return not self.rule

    @classmethod
    def of(cls, index: int, record: Record) -> Label:
        """Read a valid `label_given` record."""
        body = record.body
        scope = body.get("scope")
        return cls(
            index=index,
            time=record.time,
            request_id=record.request_id,
            person=text(body, "decided_by").removeprefix("human:"),
            verdict_index=number(body, "verdict_index") or 0,
            verdict_hash=_hash(text(body, "verdict_leaf_hash")),
            program_sha256=text(body, "program_sha256"),
            judged=_judged(body),
            verdict=text(body, "verdict"),
            right=text(body, "label") == AGREE,
            rule=text(body, "rule"),
            line=number(body, "line") or 0,
            why=text(body, "why"),
            blind=body.get("blind") is True,
            rules=_words(body.get("rules")),
            scope=text(scope, "name") if isinstance(scope, Mapping) else "",
        )


def newest(labels: Iterable[Label]) -> list[Label]:
    """Of each person's labels on the same thing the newest (§1.5), in log order."""
    kept: dict[tuple[str, tuple[int, str, int]], Label] = {}
    for label in sorted(labels, key=_index):
        kept[label.person, label.thing] = label
    return sorted(kept.values(), key=_index)


def opinions(labels: Iterable[Label]) -> list[Label]:
    """Of the labels of one verdict those that say what it should have been: the newest of each person."""
    by_person = {label.person: label for label in sorted(labels, key=_index) if label.on_verdict}
    return sorted(by_person.values(), key=_index)


def settled(labels: Iterable[Label]) -> str:
    """The verdict that all who labelled say is right; empty when nobody did, or they differ (§1.6)."""
    return agreed(opinions(labels))


def agreed(opined: Iterable[Label]) -> str:
    """The same of opinions that are known to be each person's newest."""
    said = {label.verdict for label in opined}
    return said.pop() if len(said) == 1 else ""


def exportable(labels: Iterable[Label]) -> dict[int, list[Label]]:
    """Verdict → the opinions on it, where all allow or all deny, by the verdicts' indexes (§4)."""
    by_verdict: dict[int, list[Label]] = {}
    for label in labels:
        by_verdict.setdefault(label.verdict_index, []).append(label)
    opined = {index: opinions(by_verdict[index]) for index in sorted(by_verdict)}
    return {index: found for index, found in opined.items() if agreed(found) in DECIDED}


def _judged(body: Mapping[str, object]) -> str:
    verdict, by = text(body, "judged"), text(body, "judged_by")
    return verdict if verdict in VERDICTS and not by.startswith("human:") else ""


def _hash(digest: str) -> bytes:
    return bytes.fromhex(digest) if _DIGEST.fullmatch(digest) else b""


def _words(value: object) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list | tuple) else ()
