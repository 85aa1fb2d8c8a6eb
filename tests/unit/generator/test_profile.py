"""A profile says what may be said of a file, and ends soon whatever the file is."""

import csv
import time

import pytest

from generator_svc.profile import MAX_COLUMNS, MAX_NAME_CHARS, PSEUDONYM, Column, profile
from placet.scope import Columns


@pytest.fixture(autouse=True)
def limit_of_the_generator() -> None:
    """Python keeps it for the process, and what runs inside cells raises it when tests call that here."""
    csv.field_size_limit(131_072)


def test_a_table_is_described_by_columns_and_rows() -> None:
    found = profile("t.csv", b"id,price,day,ok,name,none\n1,2.5,2024-01-02,true,a,\n2,,2024-02-03,false,b,\n")
    assert found.columns == (
        Column("id", "integer", False),
        Column("price", "number", True),
        Column("day", "date", False),
        Column("ok", "boolean", False),
        Column("name", "text", False),
        Column("none", "empty", True),
    )
    assert (found.rows, found.rows_exact, found.problem) == (2, True, "")


def test_cell_values_stay_out_unless_the_scope_wants_samples() -> None:
    content = b"who\nalice\nbob\n"
    assert "alice" not in repr(profile("t.csv", content))
    assert profile("t.csv", content, sample_rows=1).sample == (("alice",),)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str) -> None:
    found = profile("t.csv", f"a{delimiter}b\n1{delimiter}2\n".encode())
    assert (found.delimiter, len(found.columns)) == (delimiter, 2)


def test_a_byte_order_mark_is_not_part_of_the_first_name() -> None:
    assert profile("t.csv", b"\xef\xbb\xbfid\n1\n").columns[0].name == "id"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"a,b\n1,2\n\0", "not a text file"),
        (b"a,b\n1,2,3\n4\n", "2 of the first 2 rows"),
        (b'a,b\n"' + b"x" * 200_000 + b'"\n', "not readable as CSV"),
        (b",,\n1,2,3\n", "names no columns"),
    ],
)
def test_a_malformed_file_gets_a_profile_that_says_so(content: bytes, says: str) -> None:
    assert says in profile("t.csv", content).problem


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1", ""])
def test_other_encodings_are_found(encoding: str) -> None:
    found = profile("t.csv", "name,café\n1,2\n".encode(encoding or "utf-8"))
    assert [column.name for column in found.columns] == ["name", "café"]
    assert (found.encoding, found.problem) == (encoding, "")


def test_a_character_that_the_bound_cuts_in_two_is_no_other_encoding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("generator_svc.profile.MAX_BYTES", len("name,café\n1,é".encode()) - 1)
    assert profile("t.csv", "name,café\n1,é\n".encode()).encoding == ""


def test_wide_tables_and_long_names_are_cut() -> None:
    header = ",".join("c" * 500 for _ in range(500))
    found = profile("t.csv", f"{header}\n".encode())
    assert len(found.columns) == MAX_COLUMNS
    assert found.more_columns == 500 - MAX_COLUMNS
    assert all(len(c.name) == MAX_NAME_CHARS for c in found.columns)


def test_a_large_file_is_profiled_within_seconds_and_says_at_least() -> None:
    content = b"a,b\n" + b"1,2\n" * 3_000_000
    began = time.monotonic()
    found = profile("t.csv", content)
    assert time.monotonic() - began < 5
    assert not found.rows_exact
    assert found.rows > 0


def test_one_endless_line_ends() -> None:
    began = time.monotonic()
    profile("t.csv", b"," * 10_000_000)
    assert time.monotonic() - began < 5


ORDERS = b"id, region ,price,customer\n17,North,2.5,alice\n18,South,3.5,\n"


def test_columns_that_are_not_granted_are_neither_named_nor_sampled() -> None:
    grants = (Columns(input="*.csv", grant=("region", "price")),)
    found = profile("orders.csv", ORDERS, sample_rows=2, grants=grants)
    assert [column.name for column in found.columns] == [" region ", "price"]
    assert found.sample == (("North", "2.5"), ("South", "3.5"))
    assert not [word for word in ("id", "17", "customer", "alice") if word in repr(found).replace("grid", "")]


@pytest.mark.parametrize("row", [b"Smith, John,12,jane@x", b'"said \\"hi, there\\"",jane@x'])
def test_where_cells_may_stand_in_another_column_no_row_is_sampled_under_grants(row: bytes) -> None:
    content = b"region,price,email\nNorth,5,bob@y\n" + row + b"\n"
    grants = (Columns(input="*.csv", grant=("region", "price")),)
    found = profile("orders.csv", content, sample_rows=2, grants=grants)
    assert found.sample == ()
    assert "3" not in found.problem  # how many columns there are
    assert profile("orders.csv", content, sample_rows=2).sample[0] == ("North", "5", "bob@y")


def test_a_masked_column_is_shown_as_pseudonyms_and_what_is_missing_stays_missing() -> None:
    grants = (Columns(input="*.csv", grant=("price",), mask=("customer", "id")),)
    found = profile("orders.csv", ORDERS, sample_rows=2, grants=grants)
    assert found.columns[0] == Column("id", "text", False, masked=True)
    assert found.sample == ((PSEUDONYM, "2.5", PSEUDONYM), (PSEUDONYM, "3.5", ""))
    assert "alice" not in repr(found)


def test_the_first_entry_that_fits_counts() -> None:
    grants = (Columns(input="orders*", grant=("price",)), Columns(input="*.csv", grant=("id",)))
    assert [c.name for c in profile("orders.csv", ORDERS, grants=grants).columns] == ["price"]
    assert [c.name for c in profile("other.csv", ORDERS, grants=grants).columns] == ["id"]


def test_of_an_input_that_no_entry_fits_nothing_is_said() -> None:
    found = profile("raw.csv", ORDERS, sample_rows=2, grants=(Columns(input="orders.csv", grant=("price",)),))
    assert (found.columns, found.sample, found.rows) == ((), (), 0)
    assert "grants nothing" in found.problem
    assert "no columns" not in profile("raw.csv", ORDERS).problem


def test_how_many_columns_are_not_granted_is_not_said() -> None:
    wide = ",".join(f"c{n}" for n in range(200)).encode() + b"\n"
    found = profile("w.csv", wide, grants=(Columns(input="*", grant=("c150",)),))
    assert ([column.name for column in found.columns], found.more_columns) == (["c150"], 0)
    assert "none of the columns" in profile("w.csv", wide, grants=(Columns(input="*", grant=("x",)),)).problem
