"""`placet up`, `down` and `status`, as one object over a state directory."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from placet.local import client
from placet.local.errors import StackAlreadyRunning, StackError
from placet.local.layout import Layout
from placet.local.lock import held, holder
from placet.local.prepare import make_directories, prepare
from placet.local.process import tail
from placet.local.services import sandbox_python
from placet.local.supervisor import Progress, Supervisor

START_TIMEOUT_S = 1800.0  # the first start may fetch a gigabyte
STOP_TIMEOUT_S = 75.0
POLL_S = 0.1
READY = "ready"
FAILED = "failed: "


def _silent(_name: str, _state: str) -> None:
    """For callers that do not watch."""


class LocalStack:
    """The one-machine stack on a state directory; several can run side by side on different ones."""

    def __init__(
        self, state: Path, *, scopes: Path | None = None, environ: Mapping[str, str] | None = None
    ) -> None:
        """`scopes`: a directory of scope files to start with; by default the examples'."""
        self.layout = Layout(state.absolute())
        self._scopes = scopes.absolute() if scopes else None
        self._environ = dict(os.environ if environ is None else environ)

    def prepare(self) -> None:
        """Make directories, certificates, keys and scopes as far as they are missing."""
        prepare(self.layout, self._scopes)

    async def up(self, progress: Progress = _silent, on_ready: Callable[[], None] | None = None) -> None:
        """Start the stack, supervise it until SIGINT or SIGTERM, and stop it.

        `on_ready` is called once everything is up.

        Raises:
            StackAlreadyRunning: another supervisor holds the state directory.
            StackError: something does not come up; whatever had started is stopped again.
        """
        make_directories(self.layout)
        with held(self.layout.lock, self.layout.state):
            self.prepare()
            sandbox_python(self._environ)
            _set_logs_aside(self.layout)
            self.layout.progress.unlink(missing_ok=True)
            await self._supervise(progress, on_ready)

    async def _supervise(self, progress: Progress, on_ready: Callable[[], None] | None) -> None:
        stopping = _stop_on_signals()
        supervisor = Supervisor(self.layout, self._environ, progress)
        starting = asyncio.create_task(supervisor.start())
        stop = asyncio.create_task(stopping.wait())
        try:
            await asyncio.wait({starting, stop}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
                progress("stack", READY)
                if on_ready:
                    on_ready()
                await stop
        finally:
            starting.cancel()
            stop.cancel()
            await asyncio.gather(starting, stop, return_exceptions=True)
            await supervisor.stop()
        progress("stack", "stopped")

    def up_detached(self, progress: Progress = _silent) -> None:
        """Start a supervisor in the background and return when the stack is ready.

        Raises:
            StackAlreadyRunning: there is one already.
            StackError: it did not come up; nothing is left running.
        """
        make_directories(self.layout)
        if pid := holder(self.layout.lock):
            raise StackAlreadyRunning(self.layout.state, pid)
        self.layout.progress.unlink(missing_ok=True)
        log = self.layout.log("supervisor")
        with log.open("wb") as output:
            supervisor = subprocess.Popen(
                self._detached_command(),
                env=self._environ,
                cwd=self.layout.state,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            self._follow(supervisor, progress)
        except BaseException:
            supervisor.terminate()
            supervisor.wait(STOP_TIMEOUT_S)
            raise

    def _detached_command(self) -> list[str]:
        scopes = ["--scopes", str(self._scopes)] if self._scopes else []
        return [sys.executable, "-m", "placet.local", "--state", str(self.layout.state), *scopes]

    def _follow(self, supervisor: subprocess.Popen[bytes], progress: Progress) -> None:
        """Pass on what the supervisor reports until it says ready. Raises StackError when it ends instead."""
        seen = 0
        deadline = time.monotonic() + START_TIMEOUT_S
        while True:
            ended = supervisor.poll() is not None
            lines = _complete_lines(self.layout.progress)
            for name, state in map(json.loads, lines[seen:]):
                progress(name, state)
                if (name, state) == ("stack", READY):
                    return
                if name == "stack" and state.startswith(FAILED):
                    raise StackError(state.removeprefix(FAILED))
            seen = len(lines)
            if ended:
                raise StackError(f"The supervisor ended:\n{tail(self.layout.log('supervisor'))}")
            if time.monotonic() > deadline:
                raise StackError(f"The stack was not ready within {START_TIMEOUT_S / 60:.0f} minutes.")
            time.sleep(POLL_S)

    def down(self, progress: Progress = _silent) -> bool:
        """Stop the supervisor of this state directory and all it started; false when there was none.

        Raises:
            StackError: it is still there after SIGKILL.
        """
        pid = holder(self.layout.lock)
        if pid is None:
            return False
        progress("stack", "stopping")
        for number, patience_s in ((signal.SIGTERM, STOP_TIMEOUT_S), (signal.SIGKILL, 10.0)):
            os.kill(pid, number)
            if self._wait_released(patience_s):
                progress("stack", "stopped")
                return True
        raise StackError(f"Process {pid} does not end. Look at {self.layout.log('supervisor')}.")

    def _wait_released(self, patience_s: float) -> bool:
        deadline = time.monotonic() + patience_s
        while holder(self.layout.lock) is not None:
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_S)
        return True

    async def status(self) -> dict[str, Any]:
        """Services with address and health, tier, model, console, state; no services when none runs."""
        return await client.status(self.layout)


def _stop_on_signals() -> asyncio.Event:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    return stopping


def _complete_lines(path: Path) -> list[str]:
    """The lines of a file that is being appended to; not a last one without its end."""
    return path.read_text().split("\n")[:-1] if path.exists() else []


def _set_logs_aside(layout: Layout) -> None:
    """Keep one earlier log of each process."""
    for log in layout.run.glob("*.log"):
        if log != layout.log("supervisor"):
            log.replace(log.with_suffix(".log.1"))
