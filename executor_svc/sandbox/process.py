"""One process of a cell as the executor sees it: killed, waited for, and buried.

Where there are pidfds it is a child of ours; inside gVisor, which has none, it is a zygote's, which waits for
it in our place. Trusted side; knows no cell.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import socket

from executor_svc.sandbox import aio
from executor_svc.sandbox.types import SandboxUnavailable
from executor_svc.sandbox.wards import KILL

_DEATH_MS = 10_000
_MESSAGE_BYTES = 1 << 12
_End = tuple[int, resource.struct_rusage]


class Process:
    """A child of ours, by pidfd: no signal to it can meet another process."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.handle = os.pidfd_open(pid)
        self._end: _End | None = None

    def kill(self) -> None:
        """SIGKILL. Does not wait. Idempotent."""
        if self.handle >= 0:
            self._kill()

    def dead(self, wait_ms: int = 0) -> bool:
        """Whether it has ended; blocks for at most `wait_ms`."""
        return self._end is not None or aio.has_ended(self.handle, wait_ms)

    @property
    def end(self) -> _End:
        """Wait status and what it used, of a process that was waited for.

        Raises SandboxUnavailable when nobody can say that any more.
        """
        if self._end is None:
            raise SandboxUnavailable("the sandbox lost the run; nothing is known about the program")
        return self._end

    async def ended(self) -> _End:
        """Wait until it has ended, and return its `end`. Raises SandboxUnavailable as that does."""
        await aio.readable(self.handle)
        self._reap()
        return self.end

    def bury(self) -> None:
        """Wait for a killed process and leave nothing of it. Idempotent.

        Raises SandboxUnavailable if it does not die.
        """
        if self.handle < 0:
            return
        if not self.dead(_DEATH_MS):
            raise SandboxUnavailable("a sandbox process does not die; restart the executor's worker")
        self._reap()
        self._close()
        self.handle = -1

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.handle, signal.SIGKILL)

    def _reap(self) -> None:
        if self._end is None:
            _, status, usage = os.wait4(self.pid, 0)
            self._end = status, usage

    def _close(self) -> None:
        os.close(self.handle)


class Ward(Process):
    """A zygote's child, by the socket over which the zygote tells its end (see `wards`).

    When the zygote is gone, so is the child, and nobody knows how it ended.
    """

    def __init__(self, pid: int, link: socket.socket) -> None:
        self.pid = pid
        self.handle = link.fileno()
        self._link = link
        self._end = None

    def _kill(self) -> None:
        with contextlib.suppress(OSError):  # told already, or gone
            self._link.send(KILL)

    def _reap(self) -> None:
        if self._end is None and (message := self._received()):
            status, *usage = json.loads(message)
            self._end = status, resource.struct_rusage(usage)

    def _received(self) -> bytes:
        # An order that came too late to be read resets the socket, which is told before what was sent.
        for _ in range(2):
            with contextlib.suppress(ConnectionResetError):
                return self._link.recv(_MESSAGE_BYTES)
        return b""

    def _close(self) -> None:
        self._link.close()
