"""A program takes memory without end, in ways that dodge one limit or another."""

from __future__ import annotations

from pathlib import Path

import pytest

from executor_svc.sandbox import Sandbox
from tests.conformance.sandbox_kit import run, sandbox_fixture

sandbox = sandbox_fixture()
pytestmark = pytest.mark.asyncio(loop_scope="module")


def _available_mib() -> int:
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable")) // 1024


@pytest.mark.parametrize(
    "program",
    [
        "x = 'a' * (1 << 40)",
        "x = [0]\nwhile True: x += x",
        "x = 1\nwhile True: x = (x << (1 << 28)) + 1",
        "import mmap\nx = []\nwhile True:\n    m = mmap.mmap(-1, 1 << 26)\n"
        "    m.write(b'x' * (1 << 26)); x.append(m)",
        "d = {}\nfor i in iter(int, 1): d[len(d)] = bytes(1000)",
        "import ctypes\nlibc = ctypes.CDLL(None); libc.malloc.restype = ctypes.c_void_p\n"
        "while True:\n    p = libc.malloc(1 << 24)\n    if not p: raise MemoryError\n"
        "    ctypes.memset(p, 1, 1 << 24)",
    ],
)
async def test_a_memory_bomb_is_told_apart_and_costs_no_one_else(sandbox: Sandbox, program: str) -> None:
    before = _available_mib()
    assert (await run(sandbox, program)).status == "MEMORY_EXCEEDED"
    assert (await run(sandbox, "print(1)")).stdout == b"1\n"
    assert _available_mib() > before - 2048


async def test_catching_memory_errors_does_not_give_more(sandbox: Sandbox) -> None:
    program = """
import resource
kept = []
try:
    resource.setrlimit(resource.RLIMIT_DATA, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    print("RAISED")
except (OSError, ValueError):
    pass
for _ in range(10_000):
    try:
        kept.append(bytearray(1 << 20))
    except MemoryError:
        pass
print(len(kept) < 400)
"""
    ran = await run(sandbox, program)
    assert (ran.status, ran.stdout) in (("EXITED", b"True\n"), ("MEMORY_EXCEEDED", b""))
