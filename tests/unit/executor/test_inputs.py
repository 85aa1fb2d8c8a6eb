"""Assembling inputs: bounds before bytes, digests of what arrived."""

from __future__ import annotations

import hashlib

import pytest

from executor_svc.inputs import MAX_CHUNK_BYTES, MAX_TOTAL_BYTES, Assembly, Declared
from executor_svc.sandbox import InputFile
from placet.rpc.errors import ServiceError


def declared(name: str, content: bytes) -> Declared:
    return Declared(name, hashlib.sha256(content).digest(), len(content))


def reason_of(action) -> str:
    with pytest.raises(ServiceError) as refused:
        action()
    return refused.value.reason


def test_interleaved_chunks_become_files_in_manifest_order() -> None:
    assembly = Assembly([declared("a", b"12"), declared("b", b""), declared("c", b"34")])
    for name, data in [("c", b"3"), ("a", b"1"), ("c", b"4"), ("a", b"2")]:
        assembly.add(name, data)

    assert assembly.finish() == (InputFile("a", b"12"), InputFile("b", b""), InputFile("c", b"34"))


@pytest.mark.parametrize("name", ["", ".", "..", ".hidden", "a/b", "a\\b", "a\0b", "a\nb", "x" * 129])
def test_a_name_is_a_bare_file_name(name: str) -> None:
    assert reason_of(lambda: Assembly([declared(name, b"")])) == "INPUT_NAME_INVALID"


@pytest.mark.parametrize("name", ["sales.csv", "Umsätze 2026.csv", "x" * 128, "-rf", "a..b"])
def test_other_letters_are_fine(name: str) -> None:
    assert Assembly([declared(name, b"")]).finish()[0].name == name


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        ([declared(f"{i}", b"") for i in range(65)], "INPUT_TOO_MANY"),
        ([declared("a", b""), declared("a", b"")], "INPUT_NAME_TWICE"),
        ([Declared("a", b"\0" * 32, MAX_TOTAL_BYTES), Declared("b", b"\0" * 32, 1)], "INPUT_TOO_LARGE"),
        ([Declared("a", b"\0" * 31, 1)], "INPUT_MANIFEST_INVALID"),
        ([Declared("a", b"\0" * 32, -1), Declared("b", b"\0" * 32, 1)], "INPUT_MANIFEST_INVALID"),
    ],
)
def test_a_manifest_out_of_bounds_is_refused_before_any_byte(manifest, reason: str) -> None:
    assert reason_of(lambda: Assembly(manifest)) == reason


def test_more_bytes_than_declared_are_not_kept() -> None:
    assembly = Assembly([declared("a", b"12")])
    assembly.add("a", b"1")

    assert reason_of(lambda: assembly.add("a", b"23")) == "INPUT_SIZE_WRONG"


def test_fewer_bytes_than_declared_are_refused() -> None:
    assembly = Assembly([declared("a", b"12")])
    assembly.add("a", b"1")

    assert reason_of(assembly.finish) == "INPUT_SIZE_WRONG"


def test_the_digest_is_that_of_what_arrived() -> None:
    assembly = Assembly([declared("a", b"12")])
    assembly.add("a", b"21")

    assert reason_of(assembly.finish) == "INPUT_DIGEST_WRONG"


@pytest.mark.parametrize("data", [b"", b"x" * (MAX_CHUNK_BYTES + 1)])
def test_a_chunk_has_bounds(data: bytes) -> None:
    """An empty one would be a way to keep a stream alive for nothing."""
    assembly = Assembly([Declared("a", b"\0" * 32, MAX_TOTAL_BYTES)])

    assert reason_of(lambda: assembly.add("a", data)) == "INPUT_CHUNK_SIZE"


def test_bytes_of_an_undeclared_input_are_refused() -> None:
    assert reason_of(lambda: Assembly([]).add("a", b"1")) == "INPUT_UNDECLARED"
