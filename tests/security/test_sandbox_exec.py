"""A program tries to start another program."""

from __future__ import annotations

import pytest

from executor_svc.sandbox import Sandbox
from tests.conformance.sandbox_kit import run, sandbox_fixture

sandbox = sandbox_fixture()
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    "attempt",
    [
        "import subprocess; subprocess.run(['/bin/true'], check=True)",
        "import subprocess; subprocess.check_output('id', shell=True)",
        "import os; assert os.system('id > out') == 0",
        "import os; assert os.popen('id').read()",
        "import os; os.execv('/bin/sh', ['sh', '-c', 'id'])",
        "import os, sys; os.execv('/usr/bin/python3', ['python3', '-c', 'print(1)'])",
        "import os; os.posix_spawn('/bin/true', ['true'], {})",
        "import pty; pty.spawn('/bin/sh')",
        "import os; os.execv(os.memfd_create('x'), ['x'])",
        "import ctypes; assert ctypes.CDLL(None).system(b'id') == 0",
    ],
)
async def test_no_other_program_runs(sandbox: Sandbox, attempt: str) -> None:
    ran = await run(sandbox, f"{attempt}\nprint('ran')")
    assert ran.result.exit_code == 1
    assert ran.stdout == b""


async def test_a_written_binary_cannot_be_run(sandbox: Sandbox) -> None:
    program = """
import ctypes, os
open("x", "wb").write(b"#!/bin/sh\\nid\\n")
os.chmod("x", 0o755)
os.execv("./x", ["x"])
"""
    ran = await run(sandbox, program)
    assert (ran.result.exit_code, ran.stdout) == (1, b"")
    assert b"PermissionError" in ran.stderr
