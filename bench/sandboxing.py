"""The sandbox alone, for `bench.executor`: first byte, status, death and memory, without gRPC or a log.

`python -m bench.sandboxing PLAN FIGURE…` runs in a process of its own, so that no thread of a client is in
the way, and prints every sample as JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench import executor_programs as programs
from bench import processes
from bench.baselines import IMPORTS, BareZygote, FreshInterpreter
from bench.rounds import PLANS, SETTLE_S, Samples, in_turns, repeat
from executor_svc.sandbox import RunLimits, RunStatus, Sandbox, open_sandbox
from placet.local.services import sandbox_python

LIMITS: Final = RunLimits(wall_s=30, cpu_s=20, memory_mib=512, output_kib=1024, artifacts=16, artifact_mib=20)
_POOL: Final = 2
_OUTPUT_S: Final = 30.0
_OWN_MEMORY: Final = (
    "; print(sum(int(line.split()[1]) for line in open('/proc/self/smaps_rollup')"
    " if line.startswith('Private_')))"
)


@dataclass(frozen=True)
class Alone:
    """A started sandbox, and what it is compared with."""

    sandbox: Sandbox
    zygote: BareZygote
    fresh: FreshInterpreter

    async def speed(self, samples: Samples) -> None:
        """A trivial program in an armed cell, and a bare fork."""
        await in_turns(samples, (self._fork, self._run))

    async def cancel(self, samples: Samples) -> None:
        """A program that never ends is cancelled, and a bare fork."""
        await in_turns(samples, (self._fork, self._cancel))

    async def memory(self, samples: Samples) -> None:
        """What armed cells hold for themselves, MiB; then one is used up, so that a new one comes."""
        found = await self._filled()
        programs_mib = [member.private_mib() for member in found if member.is_program]
        keepers_mib = [member.private_mib() for member in found if not member.is_program]
        samples["program"] += programs_mib
        samples["keeper"] += keepers_mib or [0.0]
        samples["cell"].append((sum(programs_mib) + sum(keepers_mib)) / len(programs_mib))
        await self._run(Samples(list))

    async def fresh_memory(self, count: int) -> list[float]:
        """What a fresh interpreter with the same libraries holds for itself, MiB."""
        return [int(await self.fresh.output(IMPORTS + _OWN_MEMORY)) / 1024 for _ in range(count)]

    async def _fork(self, samples: Samples) -> None:
        await self._filled()  # arming beside it would make it slower than it is
        samples["fork"].append(await self.zygote.forks() * 1000)

    async def _run(self, samples: Samples) -> None:
        await self._filled()
        firsts: list[float] = []

        async def seen(_stream: str, _data: bytes) -> None:
            firsts.append(time.perf_counter())

        started = time.perf_counter()
        result = await self.sandbox.run(programs.TRIVIAL.encode(), (), LIMITS, seen)
        ended = time.perf_counter()
        if result.status is not RunStatus.EXITED or result.exit_code != 0 or not firsts:
            raise RuntimeError(f"the trivial program ended {result.status}")
        samples["first_byte"].append((firsts[0] - started) * 1000)
        samples["status"].append((ended - started) * 1000)

    async def _cancel(self, samples: Samples) -> None:
        armed = await self._filled()
        per_cell = len(armed) // _POOL
        output = asyncio.Event()

        async def seen(_stream: str, _data: bytes) -> None:
            output.set()

        with processes.watched(armed) as handles:
            run = asyncio.create_task(self.sandbox.run(programs.ENDLESS.encode(), (), LIMITS, seen))
            await asyncio.wait_for(output.wait(), _OUTPUT_S)
            await asyncio.sleep(SETTLE_S)
            died = asyncio.create_task(processes.deaths(handles, per_cell))
            await asyncio.sleep(0)  # it watches now
            started = time.perf_counter()
            run.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await run
            samples["sandbox_cancel"].append((await died - started) * 1000)

    async def _filled(self) -> list[processes.Member]:
        return await processes.filled(os.getpid(), _POOL)


async def measure(plan_name: str, figures: Sequence[str]) -> dict[str, Samples]:
    """The samples of each figure: "sandbox", "cancel", "memory" (only root may measure the last).

    Raises SandboxUnavailable or RuntimeError.
    """
    plan, python = PLANS[plan_name], sandbox_python()
    found: dict[str, Samples] = {}
    sandbox = open_sandbox(python, pool_size=_POOL)
    with tempfile.TemporaryDirectory(prefix="placet-bench-") as directory:
        home = Path(directory)
        try:
            await sandbox.start()
            async with BareZygote.start(python, home) as zygote:
                alone = Alone(sandbox, zygote, FreshInterpreter(python, home))
                if "sandbox" in figures:
                    found["sandbox"] = await repeat("the sandbox alone", alone.speed, plan)
                if "cancel" in figures:
                    found["cancel"] = await repeat("the sandbox, cancelled", alone.cancel, plan)
                if "memory" in figures:
                    with contextlib.suppress(PermissionError):  # only root may look
                        samples = await repeat("memory of armed cells", alone.memory, plan)
                        found["memory"] = samples
                        samples["fresh"] = await alone.fresh_memory(min(5, plan.runs // 4))
        finally:
            await sandbox.close()
    return found


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(sys.argv[1], sys.argv[2:]))))
