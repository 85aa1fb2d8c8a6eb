"""One child process: started on a tether, awaited, stopped. Knows no service."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from placet.local.errors import StackError

TETHER = Path(__file__).with_name("tether.py")
POLL_S = 0.05
LOG_TAIL_LINES = 12


@dataclass(frozen=True)
class Command:
    """What to start. `environment` is all that the process gets."""

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    ready_file: Path
    """The process writes its address here once it answers."""


class Process:
    """A child that runs a Command, in a session of its own: Ctrl-C is the supervisor's to handle."""

    def __init__(self, command: Command, child: asyncio.subprocess.Process) -> None:
        self.command = command
        self._child = child

    @classmethod
    async def start(cls, command: Command) -> Process:
        """Start it. Its output is appended to its log."""
        command.ready_file.unlink(missing_ok=True)
        log = os.open(command.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        tethered = (sys.executable, "-I", "-S", str(TETHER), str(os.getpid()), *command.arguments)
        try:
            child = await asyncio.create_subprocess_exec(
                *tethered,
                env=dict(command.environment),
                cwd=command.log.parent,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        finally:
            os.close(log)
        return cls(command, child)

    @property
    def pid(self) -> int:
        return self._child.pid

    @property
    def ended(self) -> bool:
        return self._child.returncode is not None

    async def wait(self) -> int:
        """Its exit code, negative for a signal."""
        return await self._child.wait()

    async def success(self) -> None:
        """Wait for its end. Raises StackError unless its exit code is 0."""
        if code := await self.wait():
            raise StackError(self._story(f"ended with {describe_exit(code)}"))

    async def address(self, timeout_s: float) -> str:
        """What it wrote to its ready file. Raises StackError when it ends or takes longer than that."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        while not self.command.ready_file.exists():
            if self.ended:
                raise StackError(self._story(f"ended with {describe_exit(self._child.returncode or 0)}"))
            if asyncio.get_running_loop().time() > deadline:
                raise StackError(self._story(f"was not ready within {timeout_s:.0f} s"))
            await asyncio.sleep(POLL_S)
        return self.command.ready_file.read_text().strip()

    async def stop(self, grace_s: float) -> None:
        """SIGTERM, then after `grace_s` seconds SIGKILL to it and everything in its session's group."""
        with contextlib.suppress(ProcessLookupError):
            self._child.terminate()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace_s):
                await self._child.wait()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        await self._child.wait()

    def _story(self, what: str) -> str:
        return (
            f"{self.command.name} {what}. The end of its log ({self.command.log}):\n{tail(self.command.log)}"
        )


def describe_exit(code: int) -> str:
    """ "exit code 2" or "signal SIGKILL"."""
    if code >= 0:
        return f"exit code {code}"
    with contextlib.suppress(ValueError):
        return f"signal {signal.Signals(-code).name}"
    return f"signal {-code}"


def tail(log: Path) -> str:
    """The last lines of a log, indented."""
    if not log.exists():
        return "  (empty)"
    lines = log.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:]
    return "\n".join(f"  {line[:500]}" for line in lines) or "  (empty)"
