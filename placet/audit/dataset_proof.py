"""Proves a file of labelled verdicts by itself and the log's public key (docs/labels-format.md §5).

The file is untrusted: each row is made again from the records in it, which are proven first. Pure.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from placet.audit.bundle import Exhibit
from placet.audit.checkpoint import LogVerifier
from placet.audit.dataset import FORMAT, MAX_ROW_BYTES, Labelled, RowRefused, Wording, row
from placet.audit.merkle import leaf_hash, verify_inclusion
from placet.audit.record import parse_object


@dataclass(frozen=True)
class Verified:
    """What a file turned out to hold. `line` counts from 1; 0 when every row is proven."""

    rows: int
    unsafe: int
    other_wording: int
    """Rows that ask in other words than this version's reviewer."""
    log: str
    tree_size: int
    """Of the newest checkpoint."""
    line: int = 0
    why: str = ""

    @property
    def ok(self) -> bool:
        """Whether every row is proven, and there is one."""
        return not self.line


def verify(lines: Iterable[bytes], log: LogVerifier) -> Verified:
    """Prove a file, up to the first row that is not (§5)."""
    seen: set[str] = set()
    unsafe = other = size = 0
    try:
        for line in lines:
            made = _new(check(line, log), seen)
            unsafe += made["label"] == "unsafe"
            other += _wording(made) != Wording()
            size = max(size, made["log"]["tree_size"])
        _not_empty(seen)
    except RowRefused as error:
        return Verified(len(seen), unsafe, other, log.name, size, len(seen) + 1, str(error))
    return Verified(len(seen), unsafe, other, log.name, size)


def _new(made: dict[str, Any], seen: set[str]) -> dict[str, Any]:
    if made["id"] in seen:
        raise RowRefused(f"verdict {made['id']} is there twice")
    seen.add(made["id"])
    return made


def _not_empty(seen: set[str]) -> None:
    if not seen:
        raise RowRefused("the file has no rows")


def check(line: bytes, log: LogVerifier) -> dict[str, Any]:
    """The row that an untrusted line holds, proven (§5.1 to §5.4). Raises RowRefused."""
    try:
        if len(line) > MAX_ROW_BYTES:
            raise RowRefused(f"it has more than {MAX_ROW_BYTES} bytes")
        found = parse_object(line)
        made = _again(found, log)
        wrong = sorted(found.keys() ^ made.keys()) or [n for n in made if _text(found[n]) != _text(made[n])]
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
        raise RowRefused(_reason(error)) from error
    if wrong:
        raise RowRefused(f"{', '.join(wrong)} does not follow from the program and the records")
    return made


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, ValueError) else f"it is no row of {FORMAT}: {error!r}"


def _again(found: Mapping[str, Any], log: LogVerifier) -> dict[str, Any]:
    """The row once more, from the records in it, which are proven here."""
    told = found["log"]
    checkpoint = log.open(told["checkpoint"])
    exhibits = [_exhibit(each) for each in (told, *told["labels"])]
    for each in exhibits:
        verify_inclusion(leaf_hash(each.leaf), each.index, checkpoint.size, each.hashes, checkpoint.root)
    verdict, *labels = exhibits
    rests_on = Labelled(verdict, tuple(labels), found["code"], found["task"])
    return row(rests_on, told["checkpoint"], _wording(found))


def _exhibit(told: Mapping[str, Any]) -> Exhibit:
    index = told["index"]
    if not isinstance(index, int) or isinstance(index, bool):
        raise TypeError("index is not an integer")
    return Exhibit(index, told["leaf"].encode(), tuple(map(bytes.fromhex, told["proof"])))


def _wording(found: Mapping[str, Any]) -> Wording:
    system, user = (message["content"] for message in found["input"]["messages"])
    return Wording(system, user.rpartition("\n\n")[2])


def _text(value: object) -> str:
    """As JSON, in which 1 is not true."""
    return json.dumps(value, sort_keys=True)
