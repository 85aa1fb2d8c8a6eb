"""Inputs are read once, named by their last component, bounded before they are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from placet.inputs import CHUNK_BYTES, MAX_PROGRAM_BYTES, Input, read_inputs, read_program
from placet.rpc.errors import ServiceError


def reason(*inputs: Path | Input | str) -> str:
    with pytest.raises(ServiceError) as refused:
        read_inputs(inputs)
    return refused.value.reason


def test_chunks_are_bounded_and_give_the_file_back() -> None:
    """256 KiB at most, in order."""
    content = bytes(range(256)) * 3000
    chunks = list(Input("t.csv", content).chunks())

    assert b"".join(chunk.data for chunk in chunks) == content
    assert max(len(chunk.data) for chunk in chunks) == CHUNK_BYTES


def test_an_empty_file_has_no_chunk_and_a_digest() -> None:
    """Its name travels in the manifest."""
    empty = Input("t.csv", b"")

    assert list(empty.chunks()) == []
    assert len(empty.ref().sha256) == 32


def test_what_cannot_be_an_input_is_refused(tmp_path: Path) -> None:
    """Missing files, directories, hidden names, names with a slash, names that are too long."""
    hidden = tmp_path / ".env"
    hidden.write_bytes(b"SECRET=1")

    assert reason(tmp_path / "missing.csv") == "INPUT_UNREADABLE"
    assert reason(tmp_path) == "INPUT_UNREADABLE"
    assert reason(hidden) == "INPUT_NAME_INVALID"
    assert reason(Input("a/b", b"")) == "INPUT_NAME_INVALID"
    assert reason(Input("x" * 129, b"")) == "INPUT_NAME_INVALID"


def test_the_bound_is_on_all_inputs_together(tmp_path: Path) -> None:
    """Two of 33 MiB are too much; their content is not read to find that out."""
    paths = []
    for name in ("a.csv", "b.csv"):
        path = tmp_path / name
        with path.open("wb") as file:
            file.truncate(33 * 1024 * 1024)
        paths.append(path)

    assert reason(*paths) == "INPUT_TOO_LARGE"


def test_a_program_is_at_most_64_kib(tmp_path: Path) -> None:
    """One byte more is refused with the bound."""
    path = tmp_path / "p.py"
    path.write_bytes(b"#" * MAX_PROGRAM_BYTES)
    assert len(read_program(path)) == MAX_PROGRAM_BYTES
    path.write_bytes(b"#" * (MAX_PROGRAM_BYTES + 1))
    with pytest.raises(ServiceError, match="64 KiB"):
        read_program(path)
