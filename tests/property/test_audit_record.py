"""docs/audit-format.md §1: a record's bytes are JCS, and reading them back gives the record or a refusal."""

from __future__ import annotations

import contextlib

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from placet.audit.record import (
    MAX_LEAF_BYTES,
    MAX_SAFE_INTEGER,
    BodyRef,
    Record,
    RecordInvalid,
    body_digest,
    canonical,
)

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
plain = st.recursive(
    text | st.booleans() | st.integers(-MAX_SAFE_INTEGER, MAX_SAFE_INTEGER),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(plain)
def test_our_encoder_equals_rfc8785(value: object) -> None:
    """§1.1: it MUST be the JCS bytes."""
    assert canonical(value) == rfc8785.dumps(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [None, 1.5, {"a": None}, [float("nan")], 2**53, {1: "a"}, b"x", "\ud800"])
def test_what_has_no_one_spelling_is_refused(value: object) -> None:
    """§1.2: no floats, no null, integers of magnitude at most 2^53 - 1."""
    with pytest.raises(RecordInvalid):
        canonical(value)


def test_deep_nesting_is_refused() -> None:
    value: object = "bottom"
    for _ in range(20):
        value = [value]
    with pytest.raises(RecordInvalid, match="nested"):
        canonical(value)


def record(**extra: object) -> Record:
    return Record(
        log="placet.local/log",
        time="2026-01-02T03:04:05.000006Z",
        kind="heartbeat",
        request_id="",
        actor="spiffe://placet.local/svc/audit",
        body={"size": 7, **extra},
        bodies=(BodyRef("artifact/plot.png", body_digest(b"salt", b"png"), 3),),
    )


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(text.filter(lambda key: key != "size"), plain, max_size=4))
def test_a_record_survives_its_bytes(extra: dict[str, object]) -> None:
    original = record(**extra)

    assert Record.decode(original.encode()) == original


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 7))
def test_a_changed_bit_never_gives_the_same_record(position: int, bit: int) -> None:
    leaf = bytearray(record().encode())
    leaf[position % len(leaf)] ^= 1 << bit
    with contextlib.suppress(RecordInvalid):
        assert Record.decode(bytes(leaf)) != record()


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200) | text.map(str.encode))
def test_any_bytes_are_read_or_refused(document: bytes) -> None:
    with pytest.raises(RecordInvalid):
        Record.decode(document)


def test_another_spelling_of_the_same_record_is_refused() -> None:
    with pytest.raises(RecordInvalid, match="canonical"):
        Record.decode(record().encode().replace(b'"v":1', b'"v": 1'))
    with pytest.raises(RecordInvalid, match="repeats"):
        Record.decode(record().encode().replace(b'"v":1', b'"v":1,"v":1'))


def test_a_record_larger_than_a_tile_entry_is_refused() -> None:
    """§1.1: at most 65,535 bytes; and §1.3: a body of at most 48 KiB."""
    with pytest.raises(RecordInvalid, match="body"):
        record(text="x" * MAX_LEAF_BYTES).encode()
