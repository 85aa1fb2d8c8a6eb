"""A program leaves files that are meant for the collector: odd names, many, deep, huge, still growing."""

from __future__ import annotations

import hashlib
import os

import pytest

from executor_svc.sandbox import InputFile, Sandbox
from executor_svc.sandbox.collect import MAX_DEPTH
from tests.conformance.sandbox_kit import run, sandbox_fixture

sandbox = sandbox_fixture()
in_sandbox = pytest.mark.asyncio(loop_scope="module")

ODD_NAMES = (
    b"line\nbreak",
    b"carriage\rreturn",
    b"tab\t",
    b"escape\x1b[2J",
    b"del\x7f",
    b"back\\slash",
    b"not utf-8 \xff",
    b"half \xed\xa0\x80",
    "right to left \u202ecsv".encode(),
    "no width \u200b".encode(),
    "line \u2028".encode(),
)


async def _left(sandbox: Sandbox, program: str) -> tuple[str, list[str]]:
    """The status, and the names of the artifacts, whose digests are those of what is held."""
    ran = await run(sandbox, program)
    for artifact in ran.result.artifacts:
        assert artifact.sha256 == hashlib.sha256(artifact.content).digest()
    return ran.status, [artifact.name for artifact in ran.result.artifacts]


@in_sandbox
async def test_a_name_that_could_be_read_as_something_else_is_no_artifact(sandbox: Sandbox) -> None:
    program = f"""
import os
for number, name in enumerate({ODD_NAMES!r}):
    open(name, "w").close()
    os.mkdir(b"in " + name)
    open(b"in " + name + b"/file", "w").close()
open("x" * 255, "w").close()
open("- \u00e9\u4e2d", "w").close()
"""
    assert await _left(sandbox, program) == ("EXITED", ["- \u00e9\u4e2d", "x" * 255])


@in_sandbox
async def test_a_file_named_like_an_input_is_told_from_it(sandbox: Sandbox) -> None:
    program = """
import os
os.mkdir("sub")
for name in ("sub/in.csv", "IN.CSV", "in.csv ", "in.csv.", ".in.csv"):
    open(name, "w").write("forged")
"""
    ran = await run(sandbox, program, [InputFile.of("in.csv", b"true")])
    names = [artifact.name for artifact in ran.result.artifacts]
    assert names == [".in.csv", "IN.CSV", "in.csv ", "in.csv.", "sub/in.csv"]


@in_sandbox
async def test_thousands_of_files_are_told_and_cut_at_the_limit(sandbox: Sandbox) -> None:
    status, names = await _left(sandbox, "for i in range(2000): open(f'{i:04}', 'w').close()")
    assert (status, names) == ("DISK_EXCEEDED", [f"{number:04}" for number in range(16)])


@in_sandbox
async def test_a_deep_tree_is_not_followed_to_its_end(sandbox: Sandbox) -> None:
    program = """
import os
for depth in range(60):
    open(f"at {depth}", "w").close()
    os.mkdir("d")
    os.chdir("d")
"""
    status, names = await _left(sandbox, program)
    assert (status, len(names), max(name.count("/") for name in names)) == (
        "EXITED",
        MAX_DEPTH + 1,
        MAX_DEPTH,
    )


@in_sandbox
async def test_a_hole_counts_as_large_as_it_says(sandbox: Sandbox) -> None:
    program = """
for number in range(3):
    with open(f"hole {number}", "wb") as file:
        file.truncate(3 << 20)
"""
    assert await _left(sandbox, program) == ("DISK_EXCEEDED", ["hole 0", "hole 1"])


@in_sandbox
async def test_a_file_that_is_still_written_is_one_that_was(sandbox: Sandbox) -> None:
    program = """
import mmap, os, threading

grown = open("grown", "wb", buffering=0)
mapped = open("mapped", "w+b")
mapped.truncate(1 << 20)
memory = mmap.mmap(mapped.fileno(), 1 << 20)

def grow():
    number = 0
    while True:
        number += 1
        grown.write(b"x" * 100)
        memory[number % len(memory)] = 255

threading.Thread(target=grow, daemon=True).start()
while os.path.getsize("grown") < 10_000:
    pass
"""
    for _ in range(5):
        status, names = await _left(sandbox, program)
        assert (status, names) == ("EXITED", ["grown", "mapped"])


@in_sandbox
async def test_a_deleted_file_is_no_artifact_though_it_is_open(sandbox: Sandbox) -> None:
    program = """
import os
kept = open("gone", "w")
kept.write("x")
kept.flush()
os.unlink("gone")
os._exit(0)
"""
    assert await _left(sandbox, program) == ("EXITED", [])


@in_sandbox
async def test_rights_of_files_do_not_leave_the_sandbox_and_do_not_stop_the_collector(
    sandbox: Sandbox,
) -> None:
    program = """
import os
os.umask(0)
os.mkdir("closed", 0)
for name, mode in (("setuid", 0o6777), ("unreadable", 0)):
    os.write(os.open(name, os.O_CREAT | os.O_WRONLY, mode), b"x")
"""
    status, names = await _left(sandbox, program)
    # Where the executor cannot look into a directory either, it takes it for full.
    assert status == ("EXITED" if os.geteuid() == 0 else "DISK_EXCEEDED")
    assert names == (["setuid", "unreadable"] if os.geteuid() == 0 else ["setuid"])
    assert (await run(sandbox, "import os; print(os.listdir())")).stdout == b"[]\n"
