"""docs/contract.md §1 over many files of separated values: what stays is exactly what was granted."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from executor_svc.delivery.inside import cut
from executor_svc.delivery.inside.files.cells import MISSING
from executor_svc.delivery.inside.pseudonyms import Pseudonyms
from tests.fakes.orders import AnyOrder, Handed, handed

NAMES = ("region", "price", "customer", "e-mail", "größe")
CELLS = st.text(st.sampled_from("aB1 ,;|\t\"'\\\n.é"), max_size=6)
SALT = "5a" * 32


@dataclass(frozen=True)
class Written:
    """A table as somebody wrote it."""

    rows: Sequence[Sequence[str]]
    """The header first."""
    delimiter: str
    encoding: str
    quoting: int
    end: str

    @property
    def content(self) -> bytes:
        out = io.StringIO(newline="")
        writer = csv.writer(out, delimiter=self.delimiter, quoting=self.quoting, lineterminator=self.end)  # type: ignore[arg-type]
        writer.writerows(self.rows)
        return out.getvalue().encode(self.encoding)


@st.composite
def tables(draw: st.DrawFn) -> Written:
    header = draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=5, unique=True))
    row = st.lists(CELLS, min_size=len(header), max_size=len(header))
    return Written(
        [header, *draw(st.lists(row, min_size=1, max_size=5))],
        draw(st.sampled_from(",;\t|")),
        draw(st.sampled_from(["utf-8", "utf-8-sig", "latin-1"])),
        draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
        draw(st.sampled_from(["\n", "\r\n"])),
    )


def carried_out(columns: Any, **inputs: bytes) -> Handed:
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        AnyOrder(stage="cut", inputs=inputs, columns=columns, salt=SALT).write(directory)
        cut.main(directory)
        return handed(directory)


def entry(grant: Sequence[str], mask: Sequence[str] = ()) -> Sequence[Mapping[str, Any]]:
    return ({"input": "*", "grant": list(grant), "mask": list(mask)},)


def read(content: bytes, written: Written) -> list[list[str]]:
    text = io.StringIO(content.decode(written.encoding), newline="")
    return [row for row in csv.reader(text, delimiter=written.delimiter, strict=True) if row]


@given(tables(), st.sets(st.sampled_from(NAMES), min_size=1), st.sets(st.sampled_from(NAMES)))
def test_a_file_is_cut_exactly_or_refused(written: Written, grant: set[str], mask: set[str]) -> None:
    """1.2 The program MUST find the columns in `grant` as they are and those in `mask` under pseudonyms,
    in the file's order, and nothing of any other column."""
    mask -= grant
    done = carried_out(entry(sorted(grant), sorted(mask)), a=written.content)
    header, *rows = written.rows
    kept = [at for at, name in enumerate(header) if name in grant | mask]
    if done.violations:
        assert done.rules in (["inputs.unreadable"], ["inputs.no_column"])
        assert (done.rules == ["inputs.no_column"]) <= (not kept)
        assert not done.files
        return
    pseudonyms = Pseudonyms(bytes.fromhex(SALT))
    expected = [[pseudonyms.of(row[at]) if header[at] in mask else row[at] for at in kept] for row in rows]
    assert read(done.files["a"], written) == [[header[at] for at in kept], *expected]


@given(tables())
def test_what_is_quoted_by_the_book_is_never_refused_for_its_cells(written: Written) -> None:
    """1.7 each granted cell's text."""
    by_the_book = Written(written.rows, ",", "utf-8", csv.QUOTE_ALL, "\n")
    assume(not any('\\"' in cell or cell.endswith("\\") for row in written.rows for cell in row))
    done = carried_out(entry(written.rows[0]), a=by_the_book.content)
    assert not done.violations
    assert read(done.files["a"], by_the_book) == [list(row) for row in written.rows]


@given(st.binary(max_size=200) | st.text('ab,;"\n\r\\', max_size=60).map(str.encode))
def test_any_bytes_are_cut_or_refused(content: bytes) -> None:
    """1.6 What is neither, or cannot be read without doubt, MUST be refused."""
    done = carried_out(entry(["a"]), a=content)
    assert set(done.rules) <= {"inputs.unreadable", "inputs.no_column", "inputs.column_twice"}
    assert bool(done.violations) != bool(done.files)


@given(st.lists(CELLS, max_size=20), st.binary(min_size=32, max_size=32))
def test_pseudonyms_are_equal_where_values_are(values: list[str], salt: bytes) -> None:
    """1.9 equal values MUST have equal pseudonyms … different values have different ones."""
    one, again = Pseudonyms(salt), Pseudonyms(salt)
    told = [one.of(value) for value in values]
    assert told == [again.of(value) for value in values]
    plain = {value.strip() for value in values} - MISSING
    assert len({text for text in told if text.startswith("p-")}) == len(plain)


@pytest.mark.parametrize("value", sorted(MISSING))
def test_no_pseudonym_stands_for_what_is_missing(value: str) -> None:
    """1.11 What is missing stays missing."""
    assert Pseudonyms(b"x" * 32).of(f" {value} ") == f" {value} "
