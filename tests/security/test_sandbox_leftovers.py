"""Something of a run outlives it: after its end, a crash of the zygote, or kill -9 of the executor."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from executor_svc.sandbox import Sandbox, SandboxUnavailable, hostbox
from tests.conformance.sandbox_kit import (
    PYTHON,
    ROOT,
    descendants,
    eventually,
    opened,
    reachable_python,
    run,
    sandbox_fixture,
)

sandbox = sandbox_fixture()
module_loop = pytest.mark.asyncio(loop_scope="module")

EXECUTOR = """
import asyncio, sys
from pathlib import Path
from executor_svc.sandbox import RunLimits, open_sandbox

async def main():
    sandbox = open_sandbox(Path(sys.argv[1]), max_tier=sys.argv[2], min_tier=sys.argv[2], preload=())
    await sandbox.start()
    async def tell(stream, data):
        print("running", flush=True)
    limits = RunLimits(60, 60, 64, 64, 4, 4)
    await sandbox.run(b"open('f', 'w').write('x')\\nprint(1)\\nwhile True: pass", (), limits, tell)

asyncio.run(main())
"""


def _servers() -> list[int]:
    """The zygote and the steward, the only ones that keep the socket that they were started with."""
    found = []
    for pid in descendants(os.getpid()):
        words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
        link = Path(f"/proc/{pid}/fd/{words[-2]}") if "launch.py" in " ".join(words) else None
        if link is not None and link.exists():
            found.append(pid)
    return found


@module_loop
async def test_a_dead_zygote_is_replaced_without_a_failed_run(sandbox: Sandbox) -> None:
    for _ in range(2):
        assert (await run(sandbox, "print(1)")).stdout == b"1\n"
        for pid in _servers():
            os.kill(pid, signal.SIGKILL)
        assert (await run(sandbox, "print(2)")).stdout == b"2\n"


@module_loop
async def test_a_zygote_that_dies_during_a_run_is_not_noticed_by_the_run(sandbox: Sandbox) -> None:
    task = asyncio.create_task(run(sandbox, "import time; time.sleep(1); print(2)"))
    await asyncio.sleep(0.3)
    for pid in _servers():
        os.kill(pid, signal.SIGKILL)
    assert (await task).stdout == b"2\n"
    assert (await run(sandbox, "print(3)")).stdout == b"3\n"


@module_loop
async def test_a_keeper_that_dies_during_a_run_is_our_failure_and_heals(sandbox: Sandbox) -> None:
    if sandbox.tier == "T0":
        pytest.skip("without namespaces there is no keeper")
    await run(sandbox, "pass")
    await asyncio.sleep(0.5)
    waiting = descendants(os.getpid()) - set(_servers())
    task = asyncio.create_task(run(sandbox, "import time; time.sleep(10)"))
    await asyncio.sleep(0.3)
    (keeper,) = (pid for pid in waiting if "steward" in Path(f"/proc/{pid}/cmdline").read_text().split("\0"))
    os.kill(keeper, signal.SIGKILL)
    with pytest.raises(SandboxUnavailable, match="lost the run"):
        await task
    assert (await run(sandbox, "print(3)")).stdout == b"3\n"


@pytest.mark.parametrize("tier", ["T1", "T0"])
def test_killing_the_executor_kills_everything_and_the_next_start_cleans_up(
    tier: str, tmp_path: Path
) -> None:
    python = reachable_python() if tier == "T0" else PYTHON
    executor = subprocess.Popen(
        [sys.executable, "-c", EXECUTOR, python, tier], cwd=ROOT, stdout=subprocess.PIPE
    )
    assert executor.stdout is not None
    assert executor.stdout.readline() == b"running\n"
    below = descendants(executor.pid)
    assert len(below) >= 2
    executor.kill()
    executor.wait()

    async def check() -> None:
        assert await eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in below))
        async with opened(tier, preload=()):
            pass

    asyncio.run(check())
    pattern = f"{hostbox.PREFIX}{executor.pid}-*"
    assert not list(Path(tempfile.gettempdir()).glob(pattern))
    # Not `rglob`, which fails when another test's group goes away meanwhile.
    groups = [name for _, names, _ in os.walk("/sys/fs/cgroup") for name in names]
    assert not [name for name in groups if name.startswith(f"placet-{executor.pid}-")]
