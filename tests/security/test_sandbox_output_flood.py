"""A program floods its output."""

from __future__ import annotations

import tracemalloc

import pytest

from executor_svc.sandbox import Sandbox
from tests.conformance.sandbox_kit import run, sandbox_fixture

sandbox = sandbox_fixture()
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize(
    "program",
    [
        "import os\nwhile True: os.write(1, b'x' * 65536)",
        "import os\nwhile True: os.write(2, b'x' * 65536)",
        "print('x' * (100 << 20))",
        "while True: print()",
        "import threading as t\nflood = lambda: [print('y' * 9999) for _ in iter(int, 1)]\n"
        "for _ in range(8): t.Thread(target=flood).start()",
    ],
)
async def test_a_flood_is_cut_at_the_limit_and_kept_out_of_our_memory(sandbox: Sandbox, program: str) -> None:
    tracemalloc.start()
    ran = await run(sandbox, program)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert ran.status == "OUTPUT_EXCEEDED"
    assert max(len(ran.stdout), len(ran.stderr)) == 256 * 1024
    assert peak < 16 << 20


async def test_a_reader_that_is_slow_slows_the_program_not_us(sandbox: Sandbox) -> None:
    import asyncio

    from tests.conformance.sandbox_kit import LIMITS

    received = 0

    async def slow(_stream: str, data: bytes) -> None:
        nonlocal received
        received += len(data)
        await asyncio.sleep(0.05)

    result = await sandbox.run(b"for _ in range(200): print('x' * 999)", (), LIMITS, slow)
    assert (result.status.value, received) == ("EXITED", 200_000)
