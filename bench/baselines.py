"""What the executor is measured against: a fresh interpreter, and a bare fork of a loaded one.

Both use the sandbox interpreter, and neither isolates anything. Knows nothing of the executor but which
libraries it loads, and in which environment.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from executor_svc.sandbox.backend import PRELOAD
from executor_svc.sandbox.pool import ENVIRONMENT

IMPORTS: Final = "import pandas, matplotlib.pyplot"
_SCRIPT: Final = Path(__file__).with_name("bare_zygote.py")


class BareZygote:
    """A process of the sandbox interpreter with the executor's libraries loaded, which forks on request."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    @asynccontextmanager
    async def start(cls, python: Path, home: Path) -> AsyncIterator[BareZygote]:
        """One that is loaded; gone at the end. `home` takes what the libraries cache."""
        process = await asyncio.create_subprocess_exec(
            str(python),
            str(_SCRIPT),
            *PRELOAD,
            env=_environment(home),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        zygote = cls(process)
        try:
            await zygote._line()
            yield zygote
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def forks(self, count: int = 1, in_flight: int = 1) -> float:
        """Seconds that `count` forks took, each ended and waited for; `in_flight` at once."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{count} {in_flight}\n".encode())
        return int(await self._line()) / 1e9

    async def _line(self) -> bytes:
        assert self._process.stdout is not None
        line = await self._process.stdout.readline()
        if not line:
            raise RuntimeError("the bare zygote ended; its message stands above")
        return line


class FreshInterpreter:
    """The sandbox interpreter, started anew for each program and given no isolation."""

    def __init__(self, python: Path, home: Path) -> None:
        """`home` takes what the libraries cache, and is the working directory."""
        self._python = python
        self._home = home

    def put(self, name: str, content: bytes) -> None:
        """A file that its programs find in their working directory."""
        (self._home / name).write_bytes(content)

    async def seconds(self, program: str) -> float:
        """From the start of the process until it has been waited for. Raises RuntimeError if it fails."""
        started = time.perf_counter()
        await self.output(program)
        return time.perf_counter() - started

    async def output(self, program: str) -> str:
        """What `python -c PROGRAM` prints. Raises RuntimeError if it fails."""
        process = await asyncio.create_subprocess_exec(
            str(self._python),
            "-c",
            program,
            env=_environment(self._home),
            cwd=self._home,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await process.communicate()
        if process.returncode != 0:
            raise RuntimeError("a program failed in a fresh interpreter; its message stands above")
        return output.decode()


def _environment(home: Path) -> Mapping[str, str]:
    """The zygote's, so that the same libraries do the same work."""
    return {**ENVIRONMENT, "PATH": os.defpath, "HOME": str(home), "MPLCONFIGDIR": str(home)}
