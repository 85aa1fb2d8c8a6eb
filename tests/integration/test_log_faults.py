"""The kernel answers with an error, once or from then on, at each step of an append to a log in files.

Nothing is confirmed that is not safe; after one error the log goes on by itself, after a lasting one with the
next process. The errors are strace's: the process under test is the real one.
"""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest

from tests.fakes.confirmed import goes_on, holds, told
from tests.fakes.log_writer import Task, log_in
from tests.fakes.recorded_disk import strace_works

ROOT = Path(__file__).resolve().parents[2]
WAL, NEW, NAMES = "audit.sqlite-wal", ".checkpoint.new", "."

pytestmark = pytest.mark.skipif(not strace_works(), reason="strace is not here, or may not trace")

STEPS = [
    ("pwrite64", WAL, "ENOSPC", 9),
    ("pwrite64", WAL, "EIO", 9),
    ("fdatasync", WAL, "EIO", 3),
    ("openat", NEW, "ENOSPC", 3),
    ("openat", NEW, "EMFILE", 3),
    ("pwrite64", NEW, "ENOSPC", 3),
    ("pwrite64", NEW, "EIO", 3),
    ("fdatasync", NEW, "EIO", 3),
    ("renameat2", NEW, "ENOSPC", 3),
    ("renameat2", NEW, "EIO", 3),
    ("fsync", NAMES, "EIO", 3),
]
"""Call, file, error, and at which of a thread's calls it comes first."""
LAST = [*STEPS[:3], STEPS[5], STEPS[7]]
"""Those that are also tried lasting: the disk is full, or broken."""
CASES = [(*step, False) for step in STEPS] + [(*step, True) for step in LAST]


@pytest.mark.parametrize(
    ("call", "file", "error", "at", "lasting"),
    CASES,
    ids=[f"{call} {file} {error} {'lasting' * lasting}".strip() for call, file, error, _, lasting in CASES],
)
def test_an_error_of_the_disk_confirms_nothing_that_is_lost(
    tmp_path: Path, call: str, file: str, error: str, at: int, lasting: bool
) -> None:
    directory = tmp_path / "log"
    directory.mkdir()
    asyncio.run(goes_on(log_in(directory), told(b""), 1))
    task = Task(str(directory), appends=8)

    trace, output = disturbed(task, call, directory / file, f"error={error}:when={at}{'+' * lasting}")

    assert "(INJECTED)" in trace
    found = told(output)
    assert set(found.refused) <= {"AUDIT_UNAVAILABLE"}
    if lasting:
        assert found.refused
    else:
        assert {one.key for one in found.confirmed} == set(task.keys)
    holds(log_in(directory), found.confirmed)
    asyncio.run(goes_on(log_in(directory), found, task.body_bytes))


def test_a_disk_that_cannot_exchange_names_will_do(tmp_path: Path) -> None:
    directory = tmp_path / "log"
    directory.mkdir()
    task = Task(str(directory), appends=8)

    trace, output = disturbed(task, "renameat2", directory / NEW, "error=EINVAL")

    assert "(INJECTED)" in trace
    found = told(output)
    assert not found.refused
    assert {one.key for one in found.confirmed} == set(task.keys)
    holds(log_in(directory), found.confirmed)


def disturbed(task: Task, call: str, path: Path, fault: str) -> tuple[str, bytes]:
    """What was traced and what was said by a writer whose calls on a file go wrong."""
    trace = path.parent.with_name("trace")
    options = ["-f", "--seccomp-bpf", "-o", str(trace), "-P", str(path.resolve()), "-e", f"trace={call}"]
    done = subprocess.run(
        ["strace", *options, "-e", f"inject={call}:{fault}", *task.command()],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        check=False,  # what cannot close its log ends with an error
    )
    return trace.read_text(), done.stdout
