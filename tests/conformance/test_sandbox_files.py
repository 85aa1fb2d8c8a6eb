"""Files on their way into a run and out of it: whole, digested, and without making other runs wait."""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from executor_svc.sandbox import InputFile, Sandbox, SandboxUnavailable
from executor_svc.sandbox.collect import collect, place_inputs
from executor_svc.sandbox.spool import Held, Spool
from tests.conformance.sandbox_kit import LIMITS, run, sandbox_fixture
from tests.fakes.open_files import forget, nameless_files

MIB = 1 << 20
LARGE = 192 * MIB

sandbox = sandbox_fixture()
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(autouse=True)
def _nothing_from_before() -> None:
    forget()


LargeInput = Callable[[str, int], InputFile]


@pytest.fixture
def large_input() -> Iterator[LargeInput]:
    """Makes inputs that are held on disk, without having them in memory, and lets go of them at the end."""
    with ExitStack() as held:

        def make(name: str, size: int) -> InputFile:
            spool, digest = Spool(size), hashlib.sha256()
            held.callback(spool.close)
            for position in range(0, size, MIB):
                block = position.to_bytes(8, "big") * (MIB // 8)
                spool.write(position, block)
                digest.update(block)
            return InputFile(name, digest.digest(), Held(spool, 0, size))

        yield make


async def longest_pause(of: asyncio.Task[object]) -> float:
    """Seconds that the event loop was away at most while the task ran."""
    longest, before = 0.0, time.monotonic()
    while not of.done():
        await asyncio.sleep(0.002)
        now = time.monotonic()
        longest, before = max(longest, now - before), now
    return longest


def seconds(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


DIGEST = "import hashlib; print(hashlib.file_digest(open('big', 'rb'), 'sha256').hexdigest())"


async def test_a_large_input_is_found_whole_and_read_only(sandbox: Sandbox, large_input: LargeInput) -> None:
    given = large_input("big", 24 * MIB)
    ran = await run(sandbox, DIGEST + "\nopen('big', 'ab')", [given, InputFile.of("small", b"x")])
    assert ran.stdout.decode().strip() == given.sha256.hex()
    assert b"PermissionError" in ran.stderr or b"Read-only file system" in ran.stderr


async def test_nobody_waits_while_a_large_input_is_placed(
    sandbox: Sandbox, large_input: LargeInput, tmp_path: Path
) -> None:
    given = large_input("big", LARGE)
    directory = os.open(tmp_path, os.O_RDONLY)
    placing_s = seconds(lambda: place_inputs(directory, [given]))
    os.close(directory)
    task = asyncio.create_task(run(sandbox, "print(1)", [given]))
    pause_s = await longest_pause(task)
    assert (await task).stdout == b"1\n"
    assert pause_s < placing_s / 2


async def test_nobody_waits_while_large_artifacts_are_collected(sandbox: Sandbox, tmp_path: Path) -> None:
    block = os.urandom(MIB)
    with (tmp_path / "big").open("wb") as file:
        for _ in range(LARGE // MIB):
            file.write(block)
    directory = os.open(tmp_path, os.O_RDONLY)
    collecting_s = seconds(lambda: collect(directory, (), 10, LARGE))
    os.close(directory)
    program = f"f = open('big', 'wb')\nfor _ in range({LARGE // MIB}): f.write(bytes(1 << 20))"
    limits = dataclasses.replace(LIMITS, artifact_mib=LARGE // MIB)
    task = asyncio.create_task(run(sandbox, program, limits=limits))
    pause_s = await longest_pause(task)
    result = (await task).result
    assert [(artifact.name, artifact.size) for artifact in result.artifacts] == [("big", LARGE)]
    await result.release()
    assert pause_s < collecting_s / 2


async def test_a_large_artifact_has_the_digest_of_what_is_held(sandbox: Sandbox) -> None:
    program = """
import hashlib, os
whole = hashlib.sha256()
with open("big.bin", "wb") as file:
    for _ in range(6):
        block = os.urandom(1 << 20)
        whole.update(block); file.write(block)
open("small", "w").write("x")
print(whole.hexdigest())
"""
    ran = await run(sandbox, program)
    big, small = ran.result.artifacts
    assert hashlib.sha256(big.content).digest() == big.sha256 == bytes.fromhex(ran.stdout.decode())
    assert small.content == b"x"


async def test_artifacts_are_held_in_one_file_until_the_result_is_released(sandbox: Sandbox) -> None:
    ran = await run(sandbox, "for n in 'abc': open(n, 'wb').write(bytes(1 << 20))")
    assert len(ran.result.artifacts) == 3
    assert len(nameless_files()) == 1
    gc.disable()
    await ran.result.release()
    gc.enable()
    assert not nameless_files()


async def test_a_file_with_holes_counts_in_full(sandbox: Sandbox) -> None:
    """It costs the program nothing and would cost us its size."""
    limits = dataclasses.replace(LIMITS, artifact_mib=4)
    ran = await run(
        sandbox, "import os\nos.truncate(os.open('holes', os.O_CREAT | os.O_RDWR), 4 << 20)", limits=limits
    )
    assert [artifact.size for artifact in ran.result.artifacts] == [4 * MIB]
    ran = await run(sandbox, "for n in 'ab': open(n, 'wb').truncate(3 << 20)", limits=limits)
    assert [artifact.name for artifact in ran.result.artifacts] == ["a"]
    assert ran.status == "DISK_EXCEEDED"


async def test_an_input_that_is_not_what_was_digested_never_meets_the_program(
    sandbox: Sandbox, large_input: LargeInput
) -> None:
    """As when the disk that held it has failed meanwhile."""
    given = large_input("big", 2 * MIB)
    given.held.spool.write(MIB, b"changed")
    with pytest.raises(SandboxUnavailable, match="changed while it was held"):
        await run(sandbox, "print('RAN')", [given])


async def test_a_run_that_is_cancelled_while_it_gets_its_inputs_leaves_nothing(
    sandbox: Sandbox, large_input: LargeInput
) -> None:
    given = large_input("big", LARGE)
    task = asyncio.create_task(run(sandbox, "print('RAN')", [given]))
    await asyncio.sleep(0.03)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    given.held.spool.close()
    assert not nameless_files()
    assert (await run(sandbox, DIGEST, [InputFile.of("big", b"")])).result.exit_code == 0
