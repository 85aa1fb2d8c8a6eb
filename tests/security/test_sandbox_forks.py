"""A program tries to multiply: forks, processes, threads without end."""

from __future__ import annotations

import pytest

from executor_svc.sandbox import Sandbox
from tests.conformance.sandbox_kit import run, sandbox_fixture

sandbox = sandbox_fixture()
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    "attempt",
    [
        "import os; os.fork()",
        "import os; os.forkpty()",
        "import multiprocessing as m; p = m.get_context('fork').Process(target=print); p.start()",
        "import multiprocessing as m; m.get_context('spawn').Process(target=print).start()",
        "import concurrent.futures as c; c.ProcessPoolExecutor(2).submit(print).result()",
        "import ctypes; libc = ctypes.CDLL(None, use_errno=True); 1 / (libc.fork() + 1)",
        "import ctypes; libc = ctypes.CDLL(None, use_errno=True); 1 / (libc.syscall(58) + 1)",
    ],
)
async def test_no_second_process_can_be_made(sandbox: Sandbox, attempt: str) -> None:
    ran = await run(sandbox, f"{attempt}\nprint('made')")
    assert (ran.result.exit_code, ran.stdout) == (1, b"")


async def test_a_thread_bomb_ends_in_an_error_of_its_own(sandbox: Sandbox) -> None:
    program = """
import threading, time
threading.stack_size(32768)
made = 0
try:
    for _ in range(100_000):
        threading.Thread(target=time.sleep, args=(5,), daemon=True).start()
        made += 1
except RuntimeError:
    pass
print(made)
"""
    ran = await run(sandbox, program)
    assert (ran.status, ran.result.exit_code) == ("EXITED", 0)
    assert int(ran.stdout) < 200


async def test_a_few_threads_are_honest_work(sandbox: Sandbox) -> None:
    program = "import concurrent.futures as c\nprint(sum(c.ThreadPoolExecutor(8).map(abs, range(10))))"
    assert (await run(sandbox, program)).stdout == b"45\n"
