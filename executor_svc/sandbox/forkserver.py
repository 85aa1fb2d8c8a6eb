"""A process that forks on request, as the executor sees it: its start, its one socket, its end.

There are two kinds: a zygote forks program processes, the steward forks keepers. What they fork belongs to
the executor and outlives them; inside gVisor it belongs to the zygote, and ends with it. Trusted side; knows
no tier and no run.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import os
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from executor_svc.sandbox import aio
from executor_svc.sandbox.types import SandboxUnavailable

LAUNCHER = Path(__file__).with_name("launch.py")
LAUNCH_OPTIONS = ("-P", "-s", "-S", "-B")
"""As -I, but for the environment, which is ours alone."""
MEMORY = {"PYTHONMALLOC": "malloc"}
"""One heap, not arenas all over the address space: huge pages fit it, and a fork changes less of it."""
START_S = 60.0
FORK_S = 30.0
_MESSAGE_BYTES = 1 << 16


class ForkServer:
    """One such process. `report` is what it said when it was ready, `forks` how often it has forked."""

    def __init__(self, process: subprocess.Popen[bytes], link: socket.socket) -> None:
        self._process = process
        self._link = link
        self._pidfd = _watch(process.pid)
        self._asking = asyncio.Lock()
        self._stopped = self._retired = False
        self.report: Mapping[str, object] = {}
        self.forks = 0
        self.started = time.monotonic()

    @property
    def pidfd(self) -> int:
        """The process itself, for the namespaces that it is in; -1 inside gVisor, where nobody enters any."""
        return self._pidfd

    def alive(self) -> bool:
        """Whether it can still fork."""
        return not self._retired and self._process.poll() is None

    def ended(self) -> bool:
        """Whether it is gone, and nothing of it is left then."""
        if self._process.poll() is None:
            return False
        self.stop()
        return True

    def retire(self) -> None:
        """Have it end when all that it has forked has ended. It is to be stopped some time later."""
        self._retired = True
        with contextlib.suppress(OSError):  # gone
            self._link.shutdown(socket.SHUT_WR)

    def stop(self) -> None:
        """Kill it. What it has forked lives on, but inside gVisor. Idempotent."""
        self._stopped = True
        self._process.kill()
        self._process.wait()
        if not self._asking.locked():  # else who waits for an answer meets its end, and closes
            self._close()

    def _close(self) -> None:
        if self._pidfd >= 0:
            os.close(self._pidfd)
            self._pidfd = -1
        self._link.close()

    async def fork(self, order: Mapping[str, object], handles: Sequence[int]) -> int:
        """Have it fork and return the id of the new process, which is a child of this one.

        `handles` are given away: they are closed here whatever happens. Raises SandboxUnavailable.
        """
        try:
            async with self._asking, asyncio.timeout(FORK_S):
                socket.send_fds(self._link, [json.dumps(order).encode()], list(handles))
                self.forks += 1
                answer = await self._answer()
        except TimeoutError:
            self.stop()  # its late answer would be taken for the next one's
            raise SandboxUnavailable(
                "the sandbox's parent process does not answer; is the machine overloaded?"
            ) from None
        except (OSError, ValueError) as error:
            raise SandboxUnavailable(f"the sandbox's parent process is gone: {error}") from error
        finally:
            for handle in handles:
                os.close(handle)
            if self._stopped and not self._asking.locked():
                self._close()
        if "pid" not in answer:
            raise SandboxUnavailable(f"the sandbox could not fork: {answer.get('failed')}")
        return int(str(answer["pid"]))

    async def _answer(self) -> Mapping[str, object]:
        await aio.readable(self._link.fileno())
        found: Mapping[str, object] = json.loads(self._link.recv(_MESSAGE_BYTES))
        return found

    async def _begin(self, settings: Mapping[str, object], handles: Sequence[int]) -> None:
        socket.send_fds(self._link, [json.dumps(settings).encode()], list(handles))
        async with asyncio.timeout(START_S):
            self.report = await self._answer()


def _watch(pid: int) -> int:
    """A pidfd, or -1 of a kernel that has none: only gVisor's gets here without."""
    try:
        return os.pidfd_open(pid)
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
        return -1


async def start(
    name: str,
    python: Path,
    environment: Mapping[str, str],
    settings: Mapping[str, object],
    handles: Sequence[int] = (),
) -> ForkServer:
    """Start the module `name` beside this one with `python`, and wait until it is ready.

    Raises SandboxUnavailable with what it said.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    process = subprocess.Popen(  # noqa: ASYNC220 - must be the child of this thread, whose death it follows
        [
            str(python),
            *LAUNCH_OPTIONS,
            str(LAUNCHER),
            name,
            str(theirs.fileno()),
        ],
        env={**environment, **MEMORY},
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=[theirs.fileno()],
    )
    theirs.close()
    ours.setblocking(False)
    try:
        server = ForkServer(process, ours)
    except OSError as error:
        process.kill()
        process.wait()
        ours.close()
        raise SandboxUnavailable(f"the sandbox interpreter cannot be watched: {error}") from error
    try:
        await server._begin({"parent": os.getpid(), **settings}, handles)
    except (OSError, ValueError, TimeoutError) as error:
        server.stop()
        raise SandboxUnavailable(f"the sandbox interpreter did not start: {error}") from error
    except BaseException:
        server.stop()
        raise
    if "failed" in server.report:
        server.stop()
        raise SandboxUnavailable(str(server.report["failed"]))
    return server
