"""A profile says what may be said of a file, and ends soon whatever the file is."""

import time

import pytest

from generator_svc.profile import MAX_COLUMNS, MAX_NAME_CHARS, Column, profile


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


def test_bytes_that_are_not_utf8_are_no_failure() -> None:
    assert len(profile("t.csv", b"name,caf\xe9\n1,2\n").columns) == 2


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
