"""A program looks for open descriptors that were left to it."""

from __future__ import annotations

import pytest

from executor_svc.sandbox import Sandbox
from tests.conformance.sandbox_kit import run, sandbox_fixture

sandbox = sandbox_fixture()
pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_nothing_but_the_three_streams_is_open(sandbox: Sandbox) -> None:
    program = """
import fcntl, os, stat
kinds = {}
for handle in range(4096):
    try:
        kinds[handle] = stat.S_IFMT(os.fstat(handle).st_mode)
        fcntl.fcntl(handle, fcntl.F_GETFD)
    except OSError:
        pass
print(sorted(kinds), kinds[0] == stat.S_IFCHR, kinds[1] == kinds[2] == stat.S_IFIFO)
print(os.fstat(0).st_rdev == os.makedev(1, 3))
"""
    assert (await run(sandbox, program)).stdout == b"[0, 1, 2] True True\nTrue\n"


async def test_the_streams_cannot_be_read_back(sandbox: Sandbox) -> None:
    program = """
import os
for handle in (1, 2):
    try:
        os.read(handle, 1)
        print("READ")
    except OSError:
        pass
"""
    assert (await run(sandbox, program)).stdout == b""


async def test_files_opened_by_one_run_do_not_leak_into_the_next(sandbox: Sandbox) -> None:
    await run(sandbox, "f = [open(str(i), 'w') for i in range(50)]\nimport os; os._exit(0)")
    program = "import os\nn = os.open('.', 0); print(n)"
    assert (await run(sandbox, program)).stdout == b"3\n"
