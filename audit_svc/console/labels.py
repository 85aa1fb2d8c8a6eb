"""What people said about verdicts, kept in step with the log; who still has to, and who may see what.

Knows labels and the sample (docs/labels-format.md §1 and §2). Must not know pages. Remembers labels, and of
verdicts only the newest of the sample.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from audit_svc.access import Role
from audit_svc.console.agreement import Figures, figures
from audit_svc.console.case import GUARD, requester_of
from audit_svc.console.log import Log
from audit_svc.console.people import Person
from audit_svc.console.sample import WANTED, Sample
from placet.audit.actors import path_of
from placet.audit.labels import Label, newest, opinions
from placet.audit.ocsf_objects import findings as listed
from placet.audit.ocsf_objects import number, text
from placet.audit.query import Query
from placet.audit.reader import Entry, LogReader
from placet.audit.record import Record, RecordInvalid
from placet.audit.sentences import scope_of

SAMPLED: Final = 2000
"""Verdicts of the sample that are offered for review, the newest ones."""
LOOKED_BACK: Final = 20_000
"""Verdicts that are looked through for them at start."""
MAX_LABELS: Final = 1_000_000


@dataclass(frozen=True)
class Sampled:
    """A verdict of the sample."""

    index: int
    time: str
    scope: str
    requester: str
    """NAME of whoever asked for it."""


@dataclass(frozen=True)
class View:
    """What one person may see and do about one verdict's labels."""

    verdict_index: int
    judged: str
    findings: Sequence[tuple[str, int, str]] = ()
    """Rule, line and message of each that can be labelled, each rule and line once."""
    why_not: str = ""
    """Why this person may not label it; empty when they may."""
    mine: Mapping[tuple[str, int], Label] = field(default_factory=dict)
    """Rule and line → what they said themselves; `("", 0)` is the verdict."""
    others: Sequence[Label] = ()
    hidden: int = 0
    """People whose labels are not shown before this person has given theirs (§2.4)."""

    def of_others(self, rule: str = "", line: int = 0) -> list[Label]:
        """What others said of a finding, or of the verdict."""
        return [label for label in self.others if (label.rule, label.line) == (rule, line)]


class Labels:
    """A part of the console; see live.py."""

    def __init__(self, sample: Sample) -> None:
        self.sample = sample
        self._by_verdict: dict[int, list[Label]] = defaultdict(list)
        self._sampled: OrderedDict[int, Sampled] = OrderedDict()
        self._seen = -1
        self._counted: tuple[int, Figures] | None = None

    async def start(self, log: Log) -> None:
        """See live.Part."""
        verdicts = Query(kind="verdict_reached", limit=LOOKED_BACK, descending=True)
        for query in (verdicts, Query(kind="label_given", limit=MAX_LABELS)):
            found = await log.ask(partial(_read, query))
            for entry, record in sorted(found, key=lambda each: each[0].index):
                self._take(entry, record)
                self._seen = max(self._seen, entry.index)

    def follow(self, entry: Entry, record: Record) -> None:
        """See live.Part."""
        if entry.index > self._seen:
            self._seen = entry.index
            self._take(entry, record)

    def of(self, verdict_index: int) -> Sequence[Label]:
        """All labels on a verdict and its findings, in log order."""
        return self._by_verdict.get(verdict_index, ())

    def newest_first(self) -> Iterator[Label]:
        """All labels."""
        every = (label for each in self._by_verdict.values() for label in each)
        return iter(sorted(every, key=lambda label: -label.index))

    @property
    def figures(self) -> Figures:
        """What all labels amount to; counted again when one was added."""
        number = sum(map(len, self._by_verdict.values()))
        if self._counted is None or self._counted[0] != number:
            self._counted = number, figures(self._by_verdict, self._labelled_of_sample())
        return self._counted[1]

    def view(self, person: Person, entry: Entry, record: Record) -> View:
        """What `person` may see and do about the labels of a `verdict_reached`."""
        labels = newest(self.of(entry.index))
        mine = {(label.rule, label.line): label for label in labels if label.person == person.name}
        others = [label for label in labels if label.person != person.name]
        concealed = self._conceals(person, entry.index, entry.leaf_hash)
        return View(
            entry.index,
            entry.verdict,
            _findings(record),
            unfit(person, record),
            mine,
            () if concealed else others,
            len({label.person for label in others}) if concealed else 0,
        )

    def hides(self, person: Person, label: Label) -> bool:
        """Whether this person may not see this label yet (§2.4); nor one of an unknown verdict."""
        mine = label.person == person.name
        return not mine and self._conceals(person, label.verdict_index, label.verdict_hash)

    def hides_record(self, person: Person, entry: Entry, record: Record) -> bool:
        """The same of a record, whatever its kind."""
        return record.kind == "label_given" and self.hides(person, Label.of(entry.index, record))

    def has_opinion(self, person: Person, verdict_index: int) -> bool:
        """Whether this person has said what they think of the verdict as a whole."""
        return person.name in self._people(verdict_index)

    def _conceals(self, person: Person, verdict_index: int, leaf_hash: bytes) -> bool:
        asked = person.may(Role.REVIEWER) and self.sample.has(leaf_hash)
        return asked and not self.has_opinion(person, verdict_index)

    def wanted(self, person: Person) -> list[Sampled]:
        """What this person is to review blind: what has an opinion already, then the oldest."""
        open_ = [
            (-len(people), each.index)
            for each in self._sampled.values()
            if len(people := self._people(each.index)) < WANTED
            and person.name not in people
            and person.name != each.requester
        ]
        return [self._sampled[index] for _, index in sorted(open_)]

    def disputed(self, person: Person) -> list[list[Label]]:
        """The opinions on each verdict on which people differ, newest first; none that they may not see."""
        apart = map(opinions, map(self.of, self.figures.disputed))
        seen = [each for each in apart if not any(self.hides(person, label) for label in each)]
        return sorted(seen, key=lambda each: -each[-1].index)

    def _people(self, verdict_index: int) -> set[str]:
        return {label.person for label in self.of(verdict_index) if label.on_verdict}

    def _labelled_of_sample(self) -> list[int]:
        return [
            index
            for index, labels in self._by_verdict.items()
            if labels[0].verdict_hash and self.sample.has(labels[0].verdict_hash)
        ]

    def _take(self, entry: Entry, record: Record) -> None:
        if record.kind == "label_given":
            label = Label.of(entry.index, record)
            self._by_verdict[label.verdict_index].append(label)
        elif record.kind == "verdict_reached" and self._offers(entry, record):
            requester = requester_of(text(record.body, "caller"))
            self._sampled[entry.index] = Sampled(entry.index, entry.time, scope_of(record.body), requester)
            if len(self._sampled) > SAMPLED:
                self._sampled.popitem(last=False)

    def _offers(self, entry: Entry, record: Record) -> bool:
        by_guard = path_of(record.actor) == GUARD and any(body.role == "program" for body in record.bodies)
        return by_guard and self.sample.has(entry.leaf_hash)


def unfit(person: Person, record: Record) -> str:
    """Why `person` may not label this verdict (§1.4); empty when they may."""
    if not person.may(Role.REVIEWER):
        return "Labels need the role reviewer."
    if text(record.body, "decided_by") == person.decided_by:
        return "You decided this yourself; others may say whether it was right."
    if requester_of(text(record.body, "caller")) == person.name:
        return "You asked for this yourself; others may say whether the verdict was right."
    return ""


def _findings(record: Record) -> list[tuple[str, int, str]]:
    found = {
        (text(each, "rule_id"), number(each, "line") or 0): text(each, "message")
        for each in listed(record.body)
    }
    return [(rule, line, message) for (rule, line), message in found.items() if rule]


def _read(query: Query, reader: LogReader) -> list[tuple[Entry, Record]]:
    found = []
    for entry in reader.find(query):
        try:
            found.append((entry, Record.decode(entry.leaf)))
        except RecordInvalid:
            continue  # `placet audit verify` names it; it says nothing here
    return found
