"""A program tries to kill its keepers, the executor or other runs."""

from __future__ import annotations

import asyncio
import os

import pytest

from executor_svc.sandbox import Sandbox
from tests.conformance.sandbox_kit import descendants, run, sandbox_fixture

sandbox = sandbox_fixture()
pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_no_other_process_can_be_signalled(sandbox: Sandbox) -> None:
    await run(sandbox, "pass")
    targets = [*sorted(descendants(os.getpid())), os.getpid(), 1, 0, -1]
    program = f"""
import os, signal
for pid in {targets} + [os.getppid(), -os.getpgid(0)]:
    if pid == os.getpid():
        continue
    for number in (0, 9, 15, 19):
        try:
            os.kill(pid, number)
            print("SENT", pid, number)
        except OSError:
            pass
try:
    signal.pidfd_send_signal(0, 9)
except OSError:
    print("end")
"""
    neighbour = asyncio.create_task(run(sandbox, "import time; time.sleep(0.5); print('alive')"))
    await asyncio.sleep(0.1)
    assert (await run(sandbox, program)).stdout == b"end\n"
    assert (await neighbour).stdout == b"alive\n"


async def test_a_signal_handler_does_not_outlive_a_kill(sandbox: Sandbox) -> None:
    program = """
import signal
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
while True:
    print("x" * 1000)
"""
    assert (await run(sandbox, program)).status == "OUTPUT_EXCEEDED"
