"""What one record's row must be, and what is kept beside it: bytes, columns, retries, rules, bodies.

Knows docs/audit-format.md §6.7, §6.14, §6.15 and §9.5. Must not know trees, keys or other records' meaning.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from placet.audit.beside import Beside, Broken
from placet.audit.columns import class_of, rules_of, stored_of
from placet.audit.merkle import leaf_hash
from placet.audit.placed import ChainBroken
from placet.audit.record import BodyRef, Record, RecordInvalid, body_digest, read_plain
from placet.audit.rows import LogRows, Row

_CHANGED: Final = "The record was changed after it was written."
_PLAIN: Final = {
    "prompt": "prompt_sha256",
    "findings": "findings_sha256",
    "program": "program_sha256",
    "plan": "plan_sha256",
    "statement": "statement_sha256",
    "proposal": "proposal_sha256",
    "decision": "envelope_sha256",
    "approval": "envelope_sha256",
    "report": "report_sha256",
    "stdout": "stdout_sha256",
    "stderr": "stderr_sha256",
}
"""Role of a body → the field of its record that digests the same content without salt."""


_FIGURE: Final = "artifact/"


def hashed(row: Row, index: int) -> bytes:
    """The leaf of a row, which gives the stored hash. Raises Broken."""
    leaf: object = row[1]
    if type(leaf) is not bytes or leaf_hash(leaf) != row[2]:
        raise Broken(index, f"record {index}: its bytes do not give its leaf hash", _CHANGED)
    return leaf


def read(row: Row, index: int, origin: str) -> Record:
    """The record of a row, whose bytes give the stored hash and are of this log. Raises Broken."""
    leaf = hashed(row, index)
    try:
        record = Record.decode(leaf)
    except RecordInvalid as error:
        raise Broken(index, f"record {index} is not a valid record: {error}", _CHANGED) from error
    if record.log != origin:
        raise Broken(index, f"record {index} is of log {record.log!r}", "It was copied here.")
    return record


def read_page(page: Sequence[Row], origin: str) -> Sequence[Record | None]:
    """What `read` gives for each row, as far as that can be told of all at once, which costs less.

    None: ask `read`, which says what is wrong with a row, or that it is good after all.
    """
    leaves, doubt = [row[1] for row in page], [None] * len(page)
    if set(map(type, leaves)) != {bytes} or list(map(leaf_hash, leaves)) != [row[2] for row in page]:
        return doubt
    found = read_plain([leaf for leaf in leaves if leaf.isascii()])
    if found is None or any(record.log != origin for record in found):
        return doubt
    plain = iter(found)
    return [next(plain) if leaf.isascii() else None for leaf in leaves]


class Columns:
    """What is stored beside the leaf is only there for searching, and must not say otherwise."""

    def take(self, index: int, row: Row, record: Record) -> None:
        """Raises Broken."""
        if row[3:] != stored_of(record):
            raise Broken(
                index,
                f"record {index}: a column beside it is not what its proven bytes say",
                "The index beside the record was changed, to hide it or to free an approval.",
            )

    def end(self) -> None:
        """Nothing is left over."""


class Retries:
    """No actor uses an idempotency key twice."""

    def __init__(self) -> None:
        self._used: defaultdict[str, set[str]] = defaultdict(set)

    def take(self, index: int, _: Row, record: Record) -> None:
        """Raises Broken."""
        if not record.idempotency_key:
            return
        used = self._used[record.actor]
        if record.idempotency_key in used:
            raise Broken(index, f"record {index} repeats an idempotency key", "It was invented.")
        used.add(record.idempotency_key)

    def end(self) -> None:
        """Nothing is left over."""


class Rules:
    """The rule ids by which a record is found are those of its findings."""

    def __init__(self, rows: LogRows) -> None:
        self._beside = Beside(rows.rules(), "a rule")

    def take(self, index: int, _: Row, record: Record) -> None:
        """Raises Broken."""
        kept = self._beside.at(index) if self._beside.next <= index else ()
        if not kept and not record.body.get("findings"):
            return
        if sorted(rule for _, rule in kept) != list(rules_of(record)):
            raise Broken(
                index,
                f"record {index}: the rules beside it are not those of its findings",
                "They were changed, to hide it from a search.",
            )

    def end(self) -> None:
        """Raises Broken for rules of records that do not exist."""
        self._beside.end()


class Bodies:
    """A body is what its record's digest names, or was erased by the record that says so."""

    def __init__(self, rows: LogRows) -> None:
        self._beside = Beside(rows.bodies(), "a body")
        self.present = self.erased = 0
        self._claims: dict[tuple[int, str], object] = {}
        """(record, role) → the later record that is said to have erased it."""
        self._last: Iterable[Row] = ()

    def take(self, index: int, _: Row, record: Record) -> None:
        """Raises Broken."""
        if record.kind == "bodies_erased":
            self._erase(index, record)
        rows = self._last = self._beside.at(index) if self._beside.next <= index else ()
        if not rows and not record.bodies:
            return
        kept = {row[1]: row for row in rows}
        if len(kept) != len(rows):
            raise Broken(
                index, f"record {index} has a body twice", "Another content was put beside the good one."
            )
        for ref in record.bodies:
            self._match(index, ref, kept.pop(ref.role, None))
        if kept:
            raise Broken(
                index,
                f"record {index} names no body {min(map(str, kept))!r}, but one is kept",
                "It was put there.",
            )
        _same_content(record, rows)

    def last(self, role: str) -> bytes | None:
        """A body of the record that was taken last; None when it names none, or it was erased."""
        found = (row[4] for row in self._last if row[1] == role)
        return next((content for content in found if isinstance(content, bytes)), None)

    def _match(self, index: int, ref: BodyRef, row: Row | None) -> None:
        if row is None or row[2] != class_of(ref.role):
            raise Broken(
                index,
                f"record {index}: its body {ref.role!r} is gone, or kept under another class",
                "It was taken out of the database without a record that says so.",
            )
        _, _, _, salt, content, erased_by = row
        if type(salt) is bytes and type(content) is bytes and erased_by is None:
            if len(content) != ref.size or body_digest(salt, content) != ref.sha256:
                raise self._other(index, ref.role)
            self.present += 1
        elif content is None and salt is None and type(erased_by) is int and erased_by > index:
            self._claims[index, ref.role] = erased_by
            self.erased += 1
        else:
            raise self._other(index, ref.role)

    def _other(self, index: int, role: str) -> Broken:
        return Broken(
            index,
            f"record {index}: the kept {role!r} is not what the record's digest names",
            "The program, text or output beside the record was changed.",
        )

    def _erase(self, index: int, record: Record) -> None:
        for of, role in _erased(record.body):
            if self._claims.pop((of, role), None) != index:
                raise Broken(
                    index,
                    f"record {index} says that it erased body {role!r} of record {of}; it did not",
                    "Content that the log calls erased was kept, or put back.",
                )

    def end(self) -> None:
        """Raises Broken for bodies of records that do not exist, and for bodies gone without a record."""
        self._beside.end()
        for index, role in self._claims:
            raise Broken(
                index,
                f"record {index}: its body {role!r} is gone, and no bodies_erased record names it",
                "It was taken out of the database without a record that says so.",
            )


def _erased(body: Mapping[str, object]) -> Iterator[tuple[int, str]]:
    named = body["erased"]
    for item in named if isinstance(named, list | tuple) else ():
        if isinstance(item, Mapping) and isinstance(item.get("index"), int):
            yield item["index"], str(item.get("role"))


def _same_content(record: Record, rows: Iterable[Row]) -> None:
    """Raise ChainBroken when a body is not what the record's own plain digest says."""
    body = record.body
    for _, role, _, _, content, _ in rows:
        plain = body.get(_PLAIN[role]) if role in _PLAIN else _plain_digest(body, role)
        if plain is not None and content is not None and plain != hashlib.sha256(content).hexdigest():
            raise ChainBroken(
                f"its body {role!r} is not what its {_PLAIN.get(role, role)} says",
                "Whoever wrote the record kept another text than the one it speaks of.",
            )


def _plain_digest(body: Mapping[str, object], role: str) -> object:
    """The unsalted digest that a record gives of a body in a place of its own, if it gives one."""
    scope = body.get("scope")
    if role == "scope":
        return scope.get("sha256") if isinstance(scope, Mapping) else None
    if role.startswith(_FIGURE):
        return _digest_of_file(body.get("artifacts"), role.removeprefix(_FIGURE))
    return None


def _digest_of_file(artifacts: object, name: str) -> object:
    """Of a file that a run handed over; one that the record does not name has none that fits."""
    listed = artifacts if isinstance(artifacts, list | tuple) else ()
    digests = [
        file.get("sha256") for file in listed if isinstance(file, Mapping) and file.get("name") == name
    ]
    return digests[0] if len(digests) == 1 else ""
