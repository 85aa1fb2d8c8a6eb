"""docs/contract.md §1, in the sandbox's interpreter: what a program finds of the inputs' columns."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import tables
from tests.fakes.orders import AnyOrder, Handed, carried_out

COLUMNS = ({"input": "*", "grant": ["region", "price"], "mask": ["customer"]},)
PLAIN = b"region,email,price,customer\nnorth,a@b.de,3,Anna\nsouth,c@d.de,4.50,Ben\n"
UMLAUT = "région;größe;price\nNörd;5;3\n"


def cut(columns: Any = COLUMNS, **inputs: bytes) -> AnyOrder:
    return AnyOrder(
        stage="cut",
        inputs={name.replace("_", "."): content for name, content in inputs.items()},
        columns=columns,
    )


def only(*names: str) -> Any:
    return ({"input": "*", "grant": list(names), "mask": []},)


PARQUETS = tables.made(
    typed={
        "kind": "parquet",
        "columns": {
            "price": [1.5, None],
            "customer": [12, 13],
            "email": ["a@b.de", "c@d.de"],
            "at": ["x", "y"],
        },
        "metadata": {"pandas": '{"columns": ["email", "a@b.de"]}'},
        "dictionary": ["customer"],
    },
    dots={"kind": "parquet", "columns": {"a": [1], "a.b": [2]}},
    lists={"kind": "parquet", "columns": {"l": [[1], [2]]}},
    other={"kind": "parquet", "columns": {"a": [1]}},
)
TYPED = PARQUETS["typed"]
ORDERS = {
    "plain": cut(sales_csv=PLAIN),
    "first entry": cut(
        (
            {"input": "s*.csv", "grant": ["price"], "mask": []},
            {"input": "*", "grant": ["region"], "mask": []},
        ),
        sales_csv=PLAIN,
    ),
    "case of a glob": cut(({"input": "Sales.csv", "grant": ["price"], "mask": []},), sales_csv=PLAIN),
    "no entry": cut(({"input": "*.parquet", "grant": ["price"], "mask": []},), sales_csv=PLAIN),
    "none granted": cut(only("income"), sales_csv=PLAIN),
    "no header": cut(sales_csv=b"north,1\nsouth,2\n"),
    "twice": cut(sales_csv=b"price,region,price\n1,a,2\n"),
    "twice, dropped": cut(sales_csv=b"x,region,x\n1,a,2\n"),
    "white space": cut(sales_csv=b" region , Price,price\t\na,1,2\n"),
    "semicolon": cut(sales_csv=b"region;email;price\r\na;x;1,5\r\nb;y;2,5\r\n"),
    "tab": cut(sales_csv=b"region\temail\tprice\na\tx\t1\n"),
    "bar": cut(sales_csv=b"region|email|price\na|x|1\n"),
    "quoted": cut(sales_csv=b'"region","email","price"\n"a, ""b""\nc","x",1\n'),
    "escaped": cut(sales_csv=b'region,email,price\n"a \\"b\\", c","x",1\n'),
    "mark": cut(sales_csv=b"\xef\xbb\xbf" + PLAIN),
    "utf-16": cut(sales_csv="﻿région,price\nNörd,3\n".encode("utf-16-le")),
    "utf-16 be": cut(only("région"), sales_csv="﻿région,price\nNörd,3\n".encode("utf-16-be")),
    "latin-1": cut(only("größe", "price"), sales_csv=UMLAUT.encode("latin-1")),
    "utf-8": cut(only("größe", "price"), sales_csv=UMLAUT.encode()),
    "koi8-r": cut(only("price"), sales_csv="город,price\nМосква,3\n".encode("koi8-r")),
    "blank lines": cut(sales_csv=b"\n\nregion,price\n\na,1\n\nb,2\n"),
    "one column": cut(sales_csv=b"region\na\nb\n"),
    "short row": cut(sales_csv=b"region,email,price\na,1\n"),
    "long row": cut(sales_csv=b"region,email,price\na,x,1,2\n"),
    "late long row": cut(sales_csv=b"region,email,price\n" + b"a,x,1\n" * 70_000 + b"a,x,1,2\n"),
    "open quote": cut(sales_csv=b'region,email,price\n"a,x,1\n'),
    "text after a quote": cut(sales_csv=b'region,email,price\n"a"x,y,1\n'),
    "two delimiters": cut(sales_csv=b"region,price;email\n1,2;3\n"),
    "header only": cut(sales_csv=b"region,email,price\n"),
    "empty": cut(sales_csv=b""),
    "binary": cut(sales_csv=b"region,price\n\0\1\2,3\n"),
    "zipped": cut(sales_csv=b"\x1f\x8b\x08\x00\x00\x00\x00\x00" + PLAIN),
    "json": cut(sales_csv=b'[{"region": "a", "price": 1, "email": "a@b.de"}]'),
    "huge cell": cut(sales_csv=b"region,email,price\n" + b"a" * 300_000 + b",x,1\n"),
    "missing": cut(sales_csv=b"customer,region\n,a\nNA,b\n  ,c\nnan,d\n"),
    "join": cut(
        ({"input": "*", "grant": ["region"], "mask": ["customer", "buyer"]},),
        a_csv=b"customer,region\n12,a\n13,b\n",
        b_csv=b"buyer,x\n 12,9\n13.0,9\n12.50,1\nAnna,1\nanna,1\n",
        c_parquet=TYPED,
    ),
    "another run": AnyOrder(stage="cut", inputs={"sales.csv": PLAIN}, columns=COLUMNS, salt="00" * 32),
    "parquet": cut(sales_parquet=TYPED),
    "parquet under another name": cut(sales_csv=TYPED),
    "parquet, dots": cut(only("a"), p_parquet=PARQUETS["dots"]),
    "parquet, lists": cut(({"input": "*", "grant": [], "mask": ["l"]},), p_parquet=PARQUETS["lists"]),
    "parquet, none": cut(only("b"), p_parquet=PARQUETS["other"]),
    "parquet, broken": cut(p_parquet=TYPED[:40] + b"x" * 30 + TYPED[70:]),
    "parquet, cut off": cut(p_parquet=TYPED[:-9] + b"PAR1"),
    "csv that begins as parquet": cut(p_csv=b"PAR1,region\n1,a\n"),
}


@pytest.fixture(scope="module")
def handed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Handed]:
    done = carried_out(ORDERS, tmp_path_factory.mktemp("cut"))
    assert not [(name, one.died) for name, one in done.items() if one.died]
    return done


@pytest.fixture(scope="module")
def found(handed: dict[str, Handed]) -> dict[str, dict[str, list[Any]]]:
    """What is in the Parquet files that were handed out."""
    names = ("join", "parquet", "parquet under another name", "parquet, dots")
    files = {name: list(handed[name].files.values())[-1] for name in names}
    return tables.read(**files)


def table(handed: Handed, name: str = "sales.csv", delimiter: str = ",") -> list[list[str]]:
    assert not handed.violations
    return list(csv.reader(io.StringIO(handed.files[name].decode(), newline=""), delimiter=delimiter))


def test_a_program_finds_granted_columns_and_pseudonyms_and_nothing_else(handed: dict[str, Handed]) -> None:
    """1.2 The program MUST find the columns in `grant` as they are and those in `mask` under pseudonyms."""
    header, *rows = table(handed["plain"])
    assert header == ["region", "price", "customer"]
    assert [row[:2] for row in rows] == [["north", "3"], ["south", "4.50"]]
    assert all(row[2].startswith("p-") and len(row[2]) == 18 for row in rows)
    for told in (b"email", b"a@b.de", b"Anna"):
        assert told not in handed["plain"].files["sales.csv"]


def test_the_first_entry_that_fits_counts(handed: dict[str, Handed]) -> None:
    """1.1 An input belongs to the first entry whose `input` fits its name."""
    assert table(handed["first entry"])[0] == ["price"]


@pytest.mark.parametrize(
    ("order", "rule"),
    [
        ("case of a glob", "inputs.no_entry"),  # 1.1
        ("no entry", "inputs.no_entry"),
        ("none granted", "inputs.no_column"),  # 1.4
        ("no header", "inputs.no_column"),
        ("json", "inputs.no_column"),
        ("parquet, none", "inputs.no_column"),
        ("twice", "inputs.column_twice"),  # 1.5
        *(
            (name, "inputs.unreadable") for name in ("short row", "long row", "late long row", "open quote")
        ),  # 1.6
        *(
            (name, "inputs.unreadable")
            for name in ("text after a quote", "two delimiters", "empty", "binary")
        ),
        ("parquet, lists", "inputs.unreadable"),  # 1.11
        ("parquet, broken", "inputs.unreadable"),
        ("parquet, cut off", "inputs.unreadable"),
        ("zipped", "inputs.unreadable"),
    ],
)
def test_what_cannot_be_cut_without_doubt_is_refused(
    handed: dict[str, Handed], order: str, rule: str
) -> None:
    assert handed[order].rules == [rule]
    assert not handed[order].files


def test_a_violation_names_the_input_and_no_value(handed: dict[str, Handed]) -> None:
    """V.1 A path, a rule and a message MUST NOT hold a value of the data."""
    for order in ("twice", "short row", "text after a quote", "json", "no header", "parquet, none"):
        (violation,) = handed[order].violations
        assert violation["path"] in ("inputs/sales.csv", "inputs/p.parquet")
        assert not any(word in violation["message"] for word in ("a@b", "north", "email", "price"))


def test_names_are_compared_exactly_but_for_white_space(handed: dict[str, Handed]) -> None:
    """1.3 Names MUST be compared exactly, but for white space around them."""
    assert table(handed["white space"]) == [[" region ", "price\t"], ["a", "2"]]
    assert table(handed["twice, dropped"]) == [["region"], ["a"]]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("semicolon", b"region;price\r\na;1,5\r\nb;2,5\r\n"),
        ("tab", b"region\tprice\na\t1\n"),
        ("bar", b"region|price\na|1\n"),
        ("quoted", b'region,price\n"a, ""b""\nc",1\n'),
        ("escaped", b'region,price\n"a \\"b\\", c",1\n'),
        ("utf-16", "﻿price\n3\n".encode("utf-16-le")),
        ("utf-16 be", "﻿région\nNörd\n".encode("utf-16-be")),
        ("latin-1", "größe;price\n5;3\n".encode("latin-1")),
        ("utf-8", "größe;price\n5;3\n".encode()),
        ("koi8-r", b"price\n3\n"),
        ("blank lines", b"region,price\na,1\nb,2\n"),
        ("one column", b"region\na\nb\n"),
        ("huge cell", b"region,price\n" + b"a" * 300_000 + b",1\n"),
        ("csv that begins as parquet", b"region\na\n"),
        ("header only", b"region,price\n"),
    ],
)
def test_a_csv_file_stays_written_as_it_was(handed: dict[str, Handed], order: str, expected: bytes) -> None:
    """1.7 A CSV file MUST keep its delimiter, encoding, byte order mark, line ends, and each cell's text."""
    (content,) = handed[order].files.values()
    assert content == expected


def test_a_byte_order_mark_is_kept(handed: dict[str, Handed]) -> None:
    assert handed["mark"].files["sales.csv"] == b"\xef\xbb\xbf" + handed["plain"].files["sales.csv"]


def test_equal_values_have_equal_pseudonyms_in_every_input(handed: dict[str, Handed], found: Any) -> None:
    """1.9 Of one run, equal values MUST have equal pseudonyms, in every column and input."""
    first = [row[0] for row in table(handed["join"], "a.csv")[1:]]
    second = [row[0] for row in table(handed["join"], "b.csv")[1:]]
    third = found["join"]["customer"]
    assert first == second[:2] == third
    assert len({*first, *second}) == 5  # `Anna` and `anna`, `12` and `12.50` are different values


def test_another_run_has_other_pseudonyms(handed: dict[str, Handed]) -> None:
    """1.10 The same value MUST have another pseudonym in another run."""
    one, other = (table(handed[name]) for name in ("plain", "another run"))
    assert [row[:2] for row in one] == [row[:2] for row in other]
    assert not {row[2] for row in one[1:]} & {row[2] for row in other[1:]}


def test_what_is_missing_stays_missing(handed: dict[str, Handed]) -> None:
    """1.11 What is missing stays missing."""
    assert [row[0] for row in table(handed["missing"])[1:]] == ["", "NA", "  ", "nan"]


@pytest.mark.parametrize("order", ["parquet", "parquet under another name"])
def test_a_parquet_file_keeps_types_and_loses_what_was_there(
    handed: dict[str, Handed], found: Any, order: str
) -> None:
    """1.8 its key-value metadata and statistics of what was there before MUST NOT stay."""
    (content,) = handed[order].files.values()
    assert b"a@b.de" not in content
    assert b"email" not in content
    assert list(found[order]) == ["price", "customer"]
    assert found[order]["price"] == [1.5, None]


def test_a_parquet_name_is_not_the_beginning_of_another(found: Any) -> None:
    assert found["parquet, dots"] == {"a": [1]}


def test_a_cut_in_this_process_is_the_same_code(tmp_path: Path) -> None:
    from executor_svc.delivery.inside import cut as module

    cut(sales_csv=PLAIN).write(tmp_path)
    module.main(tmp_path)
    assert (tmp_path / "leaves-0").read_bytes().startswith(b"region,price,customer\nnorth,3,p-")
