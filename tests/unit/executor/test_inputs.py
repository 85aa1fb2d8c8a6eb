"""Assembling inputs: bounds before bytes, digests of what arrived."""

from __future__ import annotations

import hashlib
import os

import grpc
import pytest

from executor_svc.inputs import MAX_CHUNK_BYTES, MAX_TOTAL_BYTES, MIB, Assembly, Declared
from executor_svc.sandbox import InputFile
from placet.rpc.errors import ServiceError
from tests.fakes.open_files import files_of_at_most, forget, nameless_files


@pytest.fixture(autouse=True)
def _nothing_from_before() -> None:
    forget()


def declared(name: str, content: bytes) -> Declared:
    return Declared(name, hashlib.sha256(content).digest(), len(content))


def reason_of(action) -> str:
    with pytest.raises(ServiceError) as refused:
        action()
    return refused.value.reason


@pytest.mark.parametrize("half", [1, 200 * 1024, MAX_CHUNK_BYTES], ids=["bytes", "in memory", "on disk"])
def test_interleaved_chunks_become_files_in_manifest_order(half: int) -> None:
    one, two, three, four, five = (os.urandom(half) for _ in range(5))
    content = {"a": one + two, "b": b"", "c": three + four + five}
    assembly = Assembly([declared(name, data) for name, data in content.items()])
    for name, data in [("c", three), ("a", one), ("c", four), ("a", two), ("c", five)]:
        assembly.add(name, data)

    inputs = assembly.finish()
    assert {item.name: b"".join(item.held.chunks()) for item in inputs} == content
    assert inputs == tuple(InputFile.of(name, data) for name, data in content.items())
    assert assembly.on_disk == (half == MAX_CHUNK_BYTES)


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


def test_what_cannot_be_held_is_not_begun() -> None:
    """A full disk is found before a byte is taken, and is no fault of the caller."""
    with files_of_at_most(MIB), pytest.raises(ServiceError) as refused:
        Assembly([Declared("a", b"\0" * 32, 2 * MIB)])

    assert (refused.value.reason, refused.value.code) == (
        "INPUT_NO_ROOM",
        grpc.StatusCode.RESOURCE_EXHAUSTED,
    )
    assert refused.value.retry_after_s
    assert not nameless_files()


async def test_a_disk_that_fails_under_way_is_no_fault_of_the_caller() -> None:
    assembly = Assembly([Declared("a", b"\0" * 32, 2 * MIB)])
    for _ in range(7):
        assembly.add("a", bytes(MAX_CHUNK_BYTES))
    with files_of_at_most(MIB):
        assert reason_of(lambda: assembly.add("a", b"1")) == "INPUT_NO_ROOM"
    await assembly.release()
    assert not nameless_files()


@pytest.mark.parametrize("size", [2, 2 * MIB])
async def test_a_released_assembly_leaves_no_byte_to_read(size: int) -> None:
    content = os.urandom(size)
    assembly = Assembly([declared("a", content)])
    for start in range(0, size, MAX_CHUNK_BYTES):
        assembly.add("a", content[start : start + MAX_CHUNK_BYTES])
    (given,) = assembly.finish()
    await assembly.release()

    assert not nameless_files()
    with pytest.raises(ValueError, match="not within"):
        list(given.held.chunks())
