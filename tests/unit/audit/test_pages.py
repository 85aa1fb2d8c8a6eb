"""Records are read by the page, and a page hides nothing: `read` still says which row is wrong, and why."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from placet.audit.beside import Broken
from placet.audit.merkle import leaf_hash
from placet.audit.record import BodyRef, Record, RecordInvalid, body_digest, parse_object, read_plain
from placet.audit.row_checks import read, read_page
from placet.audit.rows import PAGE, Row, pages
from tests.fakes.audit_world import GUARD, ORIGIN, World, verdict


def leaf(number: int, log: str = ORIGIN, word: str = "") -> bytes:
    actor, time = "spiffe://placet.local/svc/audit", f"2026-01-02T03:04:05.{number:06}Z"
    body = {"size": number, "word": word}
    refs = (BodyRef("artifact/plot.png", body_digest(b"salt", b"png"), 3),)
    return Record(log, time, "heartbeat", "", actor, body, refs).encode()


def row(number: int, content: object = None) -> Row:
    kept = leaf(number) if content is None else content
    return (number, kept, leaf_hash(kept) if isinstance(kept, bytes) else b"")


def alone(document: bytes) -> Record | None:
    """The record of a leaf, read with nothing of the fast way; None when the format refuses it."""
    try:
        fields = parse_object(document)
        refs = tuple(BodyRef(**ref) for ref in fields.pop("bodies"))  # type: ignore[attr-defined]
        assert fields.pop("v") is not None
        made = Record(**fields, bodies=refs)  # type: ignore[arg-type]
        return made if made.encode() == document else None
    except (RecordInvalid, AssertionError, TypeError, KeyError, AttributeError):
        return None


CHANGES: list[Callable[[bytes], bytes]] = [
    lambda whole: whole,
    lambda whole: whole + b"\n",
    lambda whole: b"\n" + whole,
    lambda whole: whole + b"\n" + whole,
    lambda whole: whole[: len(whole) // 2],
    lambda whole: whole[len(whole) // 2 :],
    lambda whole: whole.replace(b",", b",\n", 1),
    lambda whole: whole.replace(b'"v":1', b'"v":1.0'),
    lambda whole: whole.replace(b'"v":1', b'"v":2'),
    lambda whole: whole.replace(b'"kind":"heartbeat"', b'"kind":"heartbeat","kind":"heartbeat"'),
    lambda whole: whole.replace(b'"size":', b'"size":-'),
    lambda whole: whole.replace(b"plot", b"pl/ot"),
    lambda whole: whole.replace(b'"request_id":""', b'"request_id":"a b"'),
    lambda whole: re.sub(rb'("sha256":")[0-9a-f]', rb"\1A", whole),
    lambda whole: re.sub(rb'\[({"role"[^}]*})\]', rb"[\1,\1]", whole),
    lambda whole: whole.replace(b'"body":{"size"', b'"body":{"siza"'),
    lambda whole: whole.replace(b"2026", b"026"),
    lambda _: b"",
]
changed = st.tuples(st.integers(0, 999), st.text(max_size=5), st.sampled_from(CHANGES)).map(
    lambda drawn: drawn[2](leaf(drawn[0], word=drawn[1].encode(errors="replace").decode()))
)


@settings(max_examples=100, deadline=None)
@given(st.lists(changed, max_size=4))
def test_what_is_read_at_once_is_what_is_read_one_by_one(leaves: list[bytes]) -> None:
    """docs/audit-format.md §1: a reader MUST refuse a leaf that is not exactly its encoder's bytes."""
    found = read_plain(leaves)

    if found is not None:
        assert found == [alone(each) for each in leaves]
    elif all(each.isascii() and b"\\u0000" not in each for each in leaves):
        assert None in [alone(each) for each in leaves]


@pytest.mark.parametrize("change", CHANGES[1:])
def test_an_unfit_leaf_among_good_ones_is_not_read_at_once(change: Callable[[bytes], bytes]) -> None:
    unfit = change(leaf(1))

    assert alone(unfit) is None
    assert read_plain([leaf(0), unfit, leaf(2)]) is None
    with pytest.raises(RecordInvalid):
        Record.decode(unfit)


def test_a_good_page_is_read_at_once_but_for_what_is_not_ascii() -> None:
    page = [row(0), row(1, leaf(1, word="Straße")), row(2)]

    assert read_page(page, ORIGIN) == [read(row(0), 0, ORIGIN), None, read(row(2), 2, ORIGIN)]
    assert read_page([], ORIGIN) == []


@pytest.mark.parametrize(
    "bad",
    [
        (1, leaf(1), leaf_hash(leaf(2))),
        (1, leaf(1).decode(), leaf_hash(leaf(1))),
        (1, None, leaf_hash(leaf(1))),
        row(1, leaf(1, "another.example/log")),
        row(1, leaf(1) + b"\n" + leaf(2)),
        row(1, b""),
    ],
)
def test_a_bad_row_is_left_to_be_named(bad: Row) -> None:
    """§6: a verifier MUST name the first record at which one of these fails."""
    page = [row(0), bad, row(2)]

    assert read_page(page, ORIGIN)[1] is None
    with pytest.raises(Broken, match="record 1"):
        read(bad, 1, ORIGIN)


def test_rows_before_a_failure_come_first() -> None:
    def damaged() -> Iterator[Row]:
        yield from (row(number) for number in range(PAGE + 3))
        raise OSError("the disk")

    found, reading = [], pages(damaged())
    with pytest.raises(OSError, match="the disk"):
        found += [len(page) for page in reading]
    assert found == []  # a list that fails is none

    reading = pages(damaged())
    assert [len(next(reading)), len(next(reading))] == [PAGE, 3]


async def test_a_record_far_into_a_page_is_named(tmp_path: Path) -> None:
    world = World(tmp_path)
    async with world.writing() as log:
        await asyncio.gather(*(log.append(GUARD, "verdict_reached", verdict()) for _ in range(PAGE + 40)))
    assert world.verify().ok

    world.flip("log_entry", "leaf", PAGE + 20)
    report = world.verify()

    assert report.first_break is not None
    assert (report.first_break.index, report.records) == (PAGE + 20, PAGE + 20)
    assert report.first_break.what.endswith("its bytes do not give its leaf hash")
