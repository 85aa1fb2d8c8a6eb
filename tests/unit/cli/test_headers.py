"""What the command line knows of a file's columns is what the generator knows of them."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from generator_svc.profile import profile
from placet.actions import ANYTHING
from placet.cli.headers import columns_of

NAMES = ["größe", "prix €", "n"]


@pytest.mark.parametrize("delimiter", ",;\t|")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_columns_are_named_as_in_a_profile(tmp_path: Path, delimiter: str, encoding: str) -> None:
    names = [name for name in NAMES if encoding != "latin-1" or "€" not in name]
    content = f"{delimiter.join(names)}\r\n{delimiter.join('1' * len(names))}\r\n".encode(encoding)
    (tmp_path / "a.csv").write_bytes(content)

    (found,) = columns_of([tmp_path / "a.csv"]).values()

    assert list(found) == names
    assert [column.name for column in profile("a.csv", content).columns] == names


def test_of_what_is_no_text_every_column_may_be_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"a,b\0c\n")
    (tmp_path / "b.csv").write_bytes(codecs.BOM_UTF16_LE + b"a\0\0\0")
    assert list(columns_of([tmp_path / "a.csv", tmp_path / "b.csv"]).values()) == [ANYTHING, ANYTHING]
