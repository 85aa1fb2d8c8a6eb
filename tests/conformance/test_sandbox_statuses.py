"""Statuses tell the truth: each limit has its own, a crash is a crash, what others did is not the program's.

With a control group where this machine has one, and without, where only the watchdog bounds memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from executor_svc.sandbox import RunLimits, RunResult, RunStatus, Sandbox, SandboxUnavailable, cgroup, seen
from tests.conformance.sandbox_kit import LIMITS, descendants, opened, run

pytestmark = pytest.mark.asyncio(loop_scope="module")

MIB = 1 << 20
TIGHT = dataclasses.replace(LIMITS, memory_mib=64, output_kib=16, artifact_mib=2)


@pytest_asyncio.fixture(
    scope="module", loop_scope="module", params=[("T1", True), ("T1", False), ("T0", True), ("T0", False)]
)
async def sandbox(request: pytest.FixtureRequest) -> AsyncIterator[Sandbox]:
    """Every tier, as the machine is and as if nobody could make a control group."""
    tier, grouped = request.param
    with pytest.MonkeyPatch.context() as patch:
        if not grouped:
            patch.setattr(cgroup, "create", lambda: None)
            # What the kernel kills for memory beside us, in groups of other tests, it counts as well.
            patch.setattr(seen, "starved_on_machine", lambda: 0)
        async with opened(tier, preload=()) as started:
            yield started


def _limits(**changes: float) -> RunLimits:
    return dataclasses.replace(TIGHT, **changes)


HOLDING = "held = b'x' * (1 << 20)\n"
ENDS = [
    ("EXITED", "print(1)", {}),
    ("SIGNALED", "import os; os.abort()", {}),
    ("TIMED_OUT", "import time; time.sleep(60)", {"wall_s": 0.3}),
    ("CPU_EXCEEDED", "while True: pass", {"cpu_s": 0.5}),
    ("MEMORY_EXCEEDED", "x = bytearray(1 << 30)", {}),
    (
        "MEMORY_EXCEEDED",
        "import mmap\nx = mmap.mmap(-1, 1 << 29)\nfor i in range(0, 1 << 29, 4096): x[i] = 1",
        {},
    ),
    ("OUTPUT_EXCEEDED", "while True: print('x' * 1000)", {}),
    ("DISK_EXCEEDED", "open('big', 'wb').write(bytes(8 << 20))", {}),
]


@pytest.mark.parametrize(("status", "program", "changes"), ENDS, ids=lambda value: str(value)[:20])
async def test_each_end_has_its_own_status_and_says_what_was_used(
    sandbox: Sandbox, status: str, program: str, changes: dict[str, float]
) -> None:
    ran = await run(sandbox, HOLDING + program, limits=_limits(**changes))
    usage = ran.result.usage
    assert ran.status == status
    assert 0 < usage.wall_ms < 20_000
    assert 0 < usage.cpu_ms < 20_000
    assert 0 < usage.max_memory_bytes < 128 * MIB
    assert (usage.stdout_bytes, usage.stderr_bytes) == (len(ran.stdout), len(ran.stderr))
    assert usage.max_threads == 1


async def test_the_peak_of_memory_is_what_the_program_took(sandbox: Sandbox) -> None:
    little = (await run(sandbox, "pass", limits=TIGHT)).result.usage.max_memory_bytes
    much = (
        await run(sandbox, "x = bytearray(b'x') * (40 << 20)", limits=TIGHT)
    ).result.usage.max_memory_bytes
    assert 35 * MIB < much - little < 60 * MIB


async def test_threads_are_counted(sandbox: Sandbox) -> None:
    program = """
import threading, time
threads = [threading.Thread(target=time.sleep, args=(0.5,)) for _ in range(5)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""
    assert (await run(sandbox, program)).result.usage.max_threads == 6


async def test_threads_are_bounded_before_they_fill_the_machine(sandbox: Sandbox) -> None:
    """The group or the user namespace refuses them; where there is neither, the watchdog ends the run."""
    program = """
import os, threading, time
threading.stack_size(32768)
for number in range(20000):
    try:
        threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    except RuntimeError as error:
        print(error, flush=True)
        os._exit(0)
print("no bound", flush=True)
os._exit(0)
"""
    ran = await run(sandbox, program, limits=_limits(memory_mib=1024))
    assert (ran.status, ran.stdout) in (
        ("EXITED", b"can't start new thread\n"),
        ("MEMORY_EXCEEDED", b""),
    )
    assert ran.result.usage.max_threads < 5000


@pytest.mark.parametrize(
    ("program", "number"),
    [
        ("import ctypes; ctypes.string_at(0)", 11),
        ("import os; os.abort()", 6),
        ("import os; os.kill(os.getpid(), 9)", 9),
        ("x = bytearray(b'x') * (50 << 20)\nimport os; os.kill(os.getpid(), 9)", 9),
        ("import os; os.kill(os.getpid(), 24)", 24),
        ("import time\nwhile time.process_time() < 0.4: pass\nimport os; os.kill(os.getpid(), 9)", 9),
        ("import time\nwhile time.process_time() < 0.4: pass\nimport os; os.kill(os.getpid(), 24)", 24),
    ],
)
async def test_a_program_that_a_signal_ended_reached_no_limit(
    sandbox: Sandbox, program: str, number: int
) -> None:
    ran = await run(sandbox, program, limits=_limits(cpu_s=1))
    assert (ran.status, ran.result.signal, ran.result.exit_code) == ("SIGNALED", number, None)


async def test_an_error_of_memory_that_was_dealt_with_is_no_end(sandbox: Sandbox) -> None:
    program = "try:\n    x = bytearray(1 << 30)\nexcept MemoryError:\n    print('too much')"
    ran = await run(sandbox, program, limits=TIGHT)
    assert (ran.status, ran.result.exit_code, ran.stdout) == ("EXITED", 0, b"too much\n")


async def test_an_error_of_memory_that_was_not_is_told_with_its_traceback(sandbox: Sandbox) -> None:
    ran = await run(sandbox, "def fill():\n    return bytearray(1 << 30)\nfill()", limits=TIGHT)
    assert (ran.status, ran.result.exit_code) == ("MEMORY_EXCEEDED", 1)
    assert ran.stderr.splitlines()[-1] == b"MemoryError"


async def test_the_cpu_time_of_all_threads_together_is_limited(sandbox: Sandbox) -> None:
    program = """
import hashlib, threading
block = bytes(1 << 20)
def burn():
    while True: hashlib.sha256(block)
for _ in range(4): threading.Thread(target=burn).start()
"""
    ran = await run(sandbox, program, limits=_limits(cpu_s=0.5))
    assert ran.status == "CPU_EXCEEDED"
    assert 500 <= ran.result.usage.cpu_ms < 1500


async def test_a_program_that_ended_in_time_did_so_although_we_came_late(sandbox: Sandbox) -> None:
    async def late(_stream: str, _data: bytes) -> None:
        time.sleep(1.5)  # nothing of ours runs meanwhile

    result = await sandbox.run(b"print(1)", (), _limits(wall_s=1), late)
    assert (result.status, result.exit_code) == (RunStatus.EXITED, 0)


async def test_memory_that_others_took_is_not_the_programs_doing(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel killed it and says that it killed something for memory; the program was within its bound."""
    told = iter(range(1000))
    monkeypatch.setattr(seen, "starved_on_machine", lambda: next(told))
    monkeypatch.setattr(cgroup.RunGroup, "starved", lambda _: True)
    with pytest.raises(SandboxUnavailable, match="ran out of memory"):
        await run(sandbox, "import os; os.kill(os.getpid(), 9)")


def _living() -> set[int]:
    """The processes below us; not those that are dead and not reaped, which may be an earlier test's."""
    found = set()
    for pid in descendants(os.getpid()):
        with contextlib.suppress(OSError):  # it is gone by now
            if Path(f"/proc/{pid}/cmdline").read_bytes():
                found.add(pid)
    return found


async def _end_by_its_caller(sandbox: Sandbox, how: str) -> tuple[RunResult, set[int]]:
    """What is told of a run that its caller ended, and the processes below us when it was told."""
    up = asyncio.Event()
    told: list[tuple[RunResult, set[int]]] = []

    async def hear(_stream: str, _data: bytes) -> None:
        up.set()
        if how == "its receiver fails":
            raise RuntimeError("receiver is gone")

    program = b"""
import threading, time
x = bytearray(b"x") * (30 << 20)
for _ in range(3): threading.Thread(target=time.sleep, args=(60,)).start()
while time.process_time() < 0.3: pass
time.sleep(0.3)
print("up", end="")
time.sleep(60)
"""
    running = asyncio.create_task(
        sandbox.run(program, (), TIGHT, hear, on_cancelled=lambda left: told.append((left, _living())))
    )
    await up.wait()
    before = descendants(os.getpid())
    if how == "its task is cancelled":
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    else:
        with pytest.raises(RuntimeError, match="receiver is gone"):
            await running
    assert len(told) == 1
    return told[0][0], before & told[0][1]


@pytest.mark.parametrize("how", ["its task is cancelled", "its receiver fails"])
async def test_of_a_run_that_its_caller_ended_all_is_told_that_it_used(sandbox: Sandbox, how: str) -> None:
    left, _alive = await _end_by_its_caller(sandbox, how)
    assert (left.status, left.exit_code, left.signal, left.artifacts) == (RunStatus.CANCELLED, None, None, ())
    assert left.usage.wall_ms >= 300
    assert left.usage.cpu_ms >= 290  # it counts its own time by another clock
    assert 30 * MIB < left.usage.max_memory_bytes < 64 * MIB
    assert left.usage.stdout_bytes == 2
    assert left.usage.max_threads == 4


async def test_it_is_told_when_every_process_is_dead(sandbox: Sandbox) -> None:
    await run(sandbox, "pass")
    await asyncio.sleep(1)  # the pool is full again
    _left, alive = await _end_by_its_caller(sandbox, "its task is cancelled")
    per_cell = 2 if sandbox.tier == "T1" else 1
    assert len(alive) <= 2 * per_cell  # the zygote, the steward, and the next cell if it was there already


async def test_what_a_run_had_left_of_a_group_is_gone(sandbox: Sandbox) -> None:
    where = cgroup.hierarchy()
    await run(sandbox, "print(1)")
    await sandbox.close()
    mark = f"placet-{cgroup.process_mark(os.getpid())}-[0-9]*"
    for parent in (where.memory, where.pids, where.cpu) if where is not None else ():
        assert parent is None or not list(Path(parent).glob(mark))
