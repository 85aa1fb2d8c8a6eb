"""A program goes for another that runs at the same time, as the same user."""

from __future__ import annotations

import asyncio
import contextlib
import os
import platform
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from executor_svc.sandbox import Sandbox, cgroup
from tests.conformance.sandbox_kit import LIMITS, descendants, run, sandbox_fixture
from tests.security.defences import without

sandbox = sandbox_fixture()
pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(platform.machine() != "x86_64", reason="the calls' numbers are those of x86-64"),
]
SECRET = "kept by the neighbour"

NEIGHBOUR = f"""
import ctypes, os, time
ctypes.CDLL(None).prctl(15, b"neighbour", 0, 0, 0)
kept = ctypes.create_string_buffer({SECRET[::-1].encode()!r}[::-1])
for directory in (os.getcwd(), os.environ["TMPDIR"]):
    with open(directory + "/kept", "w") as file:
        file.write(kept.value.decode())
print(f"{{ctypes.addressof(kept)}} {{os.getcwd()}} {{os.environ['TMPDIR']}}")
time.sleep(60)
"""

ATTEMPTS = {
    "its memory through /proc": """
        with open(f"/proc/{pid}/mem", "rb") as memory:
            memory.seek(address)
            got(memory.read(21).decode())
    """,
    "its memory with process_vm_readv": """
        found = ctypes.create_string_buffer(21)
        here, there = struct.pack("PN", ctypes.addressof(found), 21), struct.pack("PN", address, 21)
        if libc.process_vm_readv(pid, here, 1, there, 1, 0) == 21:
            got(found.raw.decode())
    """,
    "itself with ptrace": "if libc.syscall(101, 0x4206, pid, 0, 0) == 0: got(secret)",
    "its locks": """
        head, length = ctypes.create_string_buffer(8), ctypes.create_string_buffer(8)
        if libc.syscall(274, pid, head, length) == 0:
            got(secret)
    """,
    "a signal to it": "os.kill(pid, 0); got(secret)",
    "a signal to its thread": "if libc.syscall(234, pid, pid, 0) == 0: got(secret)",
    "a descriptor for it": "os.pidfd_open(pid); got(secret)",
    "its limits": "resource.prlimit(pid, resource.RLIMIT_NOFILE); got(secret)",
    "its working directory": "got(open(work + '/kept').read())",
    "its temporary files": "got(open(tmp + '/kept').read())",
    "a change of its files": "open(work + '/kept', 'r+'); got(secret)",
    "its end by its files": "os.rename(work + '/kept', work + '/taken'); got(secret)",
}


@dataclass(frozen=True)
class Neighbour:
    """A program that runs, what it said of itself, and its process id on the host."""

    pid: int
    address: int
    work: str
    tmp: str

    def attack(self, attempt: str) -> str:
        """A program that goes for this one; it prints "GOT" and the secret when it has reached its aim."""
        body = "\n".join(line.removeprefix("        ") for line in attempt.splitlines())
        return f"""
import ctypes, os, resource, struct
libc = ctypes.CDLL(None, use_errno=True)
pid, address, work, tmp, secret = {self.pid}, {self.address}, {self.work!r}, {self.tmp!r}, {SECRET!r}
def got(text):
    if text == secret:
        print("GOT", text, flush=True)
{body}
"""


@contextlib.asynccontextmanager
async def neighbour(sandbox: Sandbox) -> AsyncIterator[Neighbour]:
    said: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def hear(_stream: str, data: bytes) -> None:
        if not said.done():
            said.set_result(data.decode())

    running = asyncio.create_task(sandbox.run(NEIGHBOUR.encode(), (), LIMITS, hear))
    try:
        address, work, tmp = (await asyncio.wait_for(said, 10)).split()
        pid = next(pid for pid in descendants(os.getpid()) if _name(pid) == "neighbour")
        yield Neighbour(pid, int(address), work, tmp)
        assert not running.done()
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def _name(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""


@pytest.mark.parametrize("attempt", ATTEMPTS)
async def test_a_program_does_not_reach_its_neighbour(sandbox: Sandbox, attempt: str) -> None:
    async with neighbour(sandbox) as other:
        ran = await run(sandbox, other.attack(ATTEMPTS[attempt]))
    assert b"GOT" not in ran.stdout, ran.stdout


async def test_without_its_defences_a_program_reaches_its_neighbour() -> None:
    held = []
    async with without(("seccomp", "landlock", "dumpable"), "T0") as bare, neighbour(bare) as other:
        for name, attempt in ATTEMPTS.items():
            ran = await run(bare, other.attack(attempt))
            if b"GOT" not in ran.stdout:
                held.append((name, ran.status, ran.stderr[-200:]))
    assert not held


async def test_a_program_yields_to_the_services_beside_it(sandbox: Sandbox) -> None:
    """It gets what is left of the processor, so that what records and answers goes on."""
    ran = await run(sandbox, "import os; print(os.getpriority(os.PRIO_PROCESS, 0))")
    assert int(ran.stdout) >= os.getpriority(os.PRIO_PROCESS, 0) + 10 or int(ran.stdout) == 19


def _share(pid: int) -> str:
    """What a process's own control group has of the processors; empty where it has none of its own."""
    where = cgroup.hierarchy()
    if where is None or where.cpu is None:
        return ""
    name = cgroup.BEGINNING[where.version][0]
    groups = [directory for directory in where.cpu.glob("placet-*") if str(pid) in _processes(directory)]
    return (groups[0] / name).read_text().strip() if groups else ""


def _processes(group: Path) -> list[str]:
    with contextlib.suppress(OSError):  # another test's, and gone by now
        return (group / "cgroup.procs").read_text().split()
    return []


async def test_a_program_that_computes_steps_back_with_all_its_threads(sandbox: Sandbox) -> None:
    """One that has just begun gets more of the processor than one that takes all it gets."""
    async with neighbour(sandbox) as idle:
        begun = _share(idle.pid)
        if not begun:
            pytest.skip("no control group can be made here that shares out processors")
        flood = NEIGHBOUR.replace("time.sleep(60)", "while True: pass").replace('"neighbour"', '"computing"')
        running = asyncio.create_task(sandbox.run(flood.encode(), (), LIMITS, _nothing))
        try:
            async with asyncio.timeout(20):
                while not (pid := next(filter(_computing, descendants(os.getpid())), 0)):
                    await asyncio.sleep(0.01)
                while _share(pid) == begun:
                    await asyncio.sleep(0.01)
            assert int(_share(pid)) < int(begun) == int(_share(idle.pid))
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


def _computing(pid: int) -> bool:
    return _name(pid) == "computing"


async def _nothing(_stream: str, _data: bytes) -> None:
    return None
