"""Everything that the log holds on one request, as it is shown: records, and the bodies a person may read.

Knows in which order a reading is put on record and carried out. Must not know pages. What does not fit its
own digest is named, not left out in silence: a reader of evidence has to know.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from audit_svc.access import Role
from audit_svc.console.log import Log
from audit_svc.console.people import Person
from audit_svc.draft import Draft
from placet.audit.finding import BEYOND
from placet.audit.merkle import leaf_hash
from placet.audit.query import Query
from placet.audit.reader import Entry, LogReader, StoredBody
from placet.audit.record import Record, RecordInvalid, body_digest
from placet.rpc.identity import service_uri

MAX_RECORDS: Final = 2000
"""Of one request; nearly all beyond its life are readings of it."""
READ_ROLES: Final = frozenset(
    {
        "task",
        "program",
        "plan",
        "findings",
        "statement",
        "scope",
        "proposal",
        "decision",
        "stdout",
        "stderr",
        "artifacts",
    }
)
"""Bodies that a request's page shows. Prompts, replies and figures have pages of their own."""
MAX_READ_BYTES: Final = 8 * 1024 * 1024
"""Of bodies for one page; a caller may have named one request in thousands of calls."""
READINGS: Final = frozenset({"records_read", "records_exported"})


@dataclass(frozen=True)
class Item:
    """One record, and its bodies as far as they are kept and were read."""

    entry: Entry
    record: Record | None
    """None when the leaf's bytes are no record."""
    kept: tuple[str, ...] = ()
    bodies: Mapping[str, bytes] = field(default_factory=dict)
    broken: tuple[str, ...] = ()
    """What does not fit: `record`, or the role of a body that is not what the record says."""

    @property
    def index(self) -> int:
        """In the log."""
        return self.entry.index

    @property
    def kind(self) -> str:
        """Of the record; empty when it is none."""
        return self.record.kind if self.record else ""

    @property
    def body(self) -> Mapping[str, object]:
        """What the record says; nothing when it is none."""
        return self.record.body if self.record else {}

    def erased(self) -> tuple[str, ...]:
        """Roles of bodies that the record names and that are no longer kept."""
        named = self.record.bodies if self.record else ()
        return tuple(ref.role for ref in named if ref.role not in self.kept)


@dataclass(frozen=True)
class Dossier:
    """One request."""

    request_id: str
    items: tuple[Item, ...]
    """In the log's order, readings included."""
    more: bool = False
    """Whether there are further records."""
    left_out: int = 0
    """Records whose bodies would have been too much for one page."""

    @property
    def life(self) -> tuple[Item, ...]:
        """The items but those that only say who read them."""
        return tuple(item for item in self.items if item.kind not in READINGS)

    @property
    def readings(self) -> tuple[Item, ...]:
        """Who read it."""
        return tuple(item for item in self.items if item.kind in READINGS)

    def told(self) -> list[tuple[int, Record]]:
        """Index and record of the request's life."""
        return [(item.index, item.record) for item in self.life if item.record]

    def of_kind(self, kind: str) -> Iterator[Item]:
        """The items of one kind."""
        return (item for item in self.items if item.kind == kind)


async def collect(log: Log, request_id: str, person: Person) -> Dossier:
    """The request for `person`, with bodies when their role may read them; empty when there is none.

    Raises ServiceError AUDIT_UNAVAILABLE: the reading cannot be put on record, or the database not be read.
    """
    items, more = await log.ask(lambda reader: _items(reader, request_id))
    wanted, left_out = _affordable(items) if person.may(Role.REVIEWER) else ({}, 0)
    if wanted:
        await record_reading(log, request_id, person, wanted)
        stored = await log.ask(lambda reader: {index: reader.bodies(index) for index in wanted})
        items = [_with_bodies(item, stored.get(item.index, ())) for item in items]
    return Dossier(request_id, tuple(items), more, left_out)


async def item_at(log: Log, index: int) -> Item | None:
    """One record without its bodies; None when there is none. Raises like `collect`."""

    def read(reader: LogReader) -> Item | None:
        entry = reader.get(index) if index < BEYOND else None
        return _item(entry, reader.kept(index)) if entry else None

    return await log.ask(read)


async def body_of(log: Log, item: Item, role: str, person: Person) -> bytes | None:
    """One body for `person`, put on record first; None when it is not kept, or not what its record says.

    Whether they may is for the page to have asked. Raises like `collect`.
    """
    if role not in item.kept:
        return None
    await record_reading(log, item.entry.request_id, person, {item.index: (role,)})
    stored = await log.ask(lambda reader: reader.bodies(item.index))
    found = _with_bodies(item, [body for body in stored if body.role == role], {role})
    return None if role in found.broken else found.bodies.get(role)


async def record_reading(
    log: Log, request_id: str, person: Person, wanted: Mapping[int, Collection[str]]
) -> None:
    """Say in the log that `person` is about to get these bodies (docs/audit-format.md §8.2)."""
    roles = sorted({role for some in wanted.values() for role in some})
    body = {"reader": person.uri, "indexes": sorted(wanted), "roles": roles}
    await log.append(Draft("records_read", request_id, service_uri("console"), body))


def _items(reader: LogReader, request_id: str) -> tuple[list[Item], bool]:
    kept: dict[int, list[str]] = defaultdict(list)
    for index, role, _ in reader.kept_of_request(request_id):
        kept[index].append(role)
    found = list(reader.find(Query(request_id=request_id, limit=MAX_RECORDS + 1)))
    items = [_item(entry, kept[entry.index]) for entry in found[:MAX_RECORDS]]
    return items, len(found) > MAX_RECORDS


def _item(entry: Entry, kept: Sequence[str]) -> Item:
    try:
        record = Record.decode(entry.leaf)
    except RecordInvalid:
        return Item(entry, None, tuple(kept), broken=("record",))
    same = leaf_hash(entry.leaf) == entry.leaf_hash and record.request_id == entry.request_id
    return Item(entry, record, tuple(kept), broken=() if same else ("record",))


def _affordable(items: Sequence[Item]) -> tuple[dict[int, list[str]], int]:
    """The roles to be read of each record, the newest first, and how many records get none of theirs."""
    wanted: dict[int, list[str]] = {}
    left_out = size = 0
    for item in reversed(items):
        sizes = {ref.role: ref.size for ref in item.record.bodies} if item.record else {}
        roles = [role for role in item.kept if role in READ_ROLES]
        size += sum(sizes.get(role, 0) for role in roles)
        if roles and size <= MAX_READ_BYTES:
            wanted[item.index] = roles
        elif roles:
            left_out += 1
    return wanted, left_out


def _with_bodies(item: Item, stored: Sequence[StoredBody], roles: Collection[str] = READ_ROLES) -> Item:
    named = {ref.role: ref for ref in item.record.bodies} if item.record else {}
    good, bad = {}, []
    for body in stored:
        ref = named.get(body.role)
        if body.role not in roles:
            continue
        if ref and ref.size == len(body.content) and ref.sha256 == body_digest(body.salt, body.content):
            good[body.role] = body.content
        else:
            bad.append(body.role)
    return replace(item, bodies=good, broken=(*item.broken, *bad))
