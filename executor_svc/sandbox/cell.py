"""One armed child as the executor sees it: its descriptors, its control group, its death.

A cell is used for one run or for none, and `destroy` leaves nothing of it. Trusted side; never parses what a
program wrote. Knows no pool and no zygote beyond the socket it asks over.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
from dataclasses import dataclass, field
from pathlib import Path

from executor_svc.sandbox import aio, cgroup, hostbox
from executor_svc.sandbox.types import SandboxUnavailable

_ARMING_S = 30.0
_INITIAL_BYTES = 1 << 20
_INITIAL_INODES = 1024
_DEATH_MS = 10_000


@dataclass(eq=False)
class Cell:
    """An armed child. `supervisor` and `process` are pidfds; when `supervisor` has ended, all of it has."""

    control: socket.socket
    stdout: int
    stderr: int
    order: int
    tier: str
    box_path: Path | None = None
    supervisor: int = -1
    process: int = -1
    box: int = -1
    work: int = -1
    pid: int = 0
    baseline_data: int = 0
    group: cgroup.RunGroup | None = None
    _closed: set[int] = field(default_factory=set)

    def alive(self) -> bool:
        """Whether supervisor and program process both still wait."""
        return not aio.has_ended(self.supervisor) and not aio.has_ended(self.process)

    def kill_program(self) -> None:
        """SIGKILL for the program process; its supervisor lives to report."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.process, signal.SIGKILL)

    def kill(self) -> None:
        """SIGKILL for everything of this run. Does not wait."""
        for handle in (self.process, self.supervisor):
            if handle >= 0:
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(handle, signal.SIGKILL)

    def await_death(self) -> None:
        """Block (milliseconds in practice) until every process is dead.

        Raises SandboxUnavailable if one is not.
        """
        for handle in (self.process, self.supervisor):
            if handle >= 0 and not aio.has_ended(handle, _DEATH_MS):
                raise SandboxUnavailable("a sandbox process does not die; restart the executor's worker")

    async def ended(self) -> None:
        """Wait until every process of the run is dead."""
        for handle in (self.process, self.supervisor):
            await aio.readable(handle)

    def destroy(self) -> None:
        """Kill, wait, close and remove everything. Idempotent."""
        try:
            self.kill()
            self.await_death()
        finally:
            self.control.close()
            for handle in (
                self.stdout,
                self.stderr,
                self.order,
                self.supervisor,
                self.process,
                self.box,
                self.work,
            ):
                self._close(handle)
            if self.group is not None:
                self.group.remove()
            if self.box_path is not None:
                hostbox.remove(self.box_path)

    def close_order(self) -> None:
        """The program has been sent; nothing more will be."""
        self._close(self.order)

    def _close(self, handle: int) -> None:
        if handle >= 0 and handle not in self._closed:
            self._closed.add(handle)
            os.close(handle)


async def arm(zygote: socket.socket, tier: str) -> Cell:
    """Ask the zygote for a child and wait until it says it is armed.

    Raises SandboxUnavailable with its reason.
    """
    cell, theirs = _request(zygote, tier)
    try:
        for handle in theirs:
            os.close(handle)
        async with asyncio.timeout(_ARMING_S):
            await aio.readable(cell.control.fileno())
        _accept(cell)
    except TimeoutError:
        cell.destroy()
        raise SandboxUnavailable(
            "a sandbox process was not ready in time; the machine is overloaded"
        ) from None
    except BaseException:
        cell.destroy()
        raise
    return cell


def _request(zygote: socket.socket, tier: str) -> tuple[Cell, list[int]]:
    """Create the channels and send the fork request; returns the ends that are the child's."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    out_read, out_write = os.pipe()
    err_read, err_write = os.pipe()
    order_read, order_write = os.pipe()
    cell = Cell(ours, out_read, err_read, order_write, tier)
    given = [theirs.detach(), out_write, err_write, order_read]
    try:
        if tier == "T0":
            cell.box_path = hostbox.create()
            cell.box = os.open(cell.box_path, os.O_RDONLY | os.O_DIRECTORY)
            cell.work = os.open(cell.box_path / "work", os.O_RDONLY | os.O_DIRECTORY)
        for handle in (ours.fileno(), out_read, err_read, order_write):
            os.set_blocking(handle, False)
        box = str(cell.box_path or "")
        order = {"tier": tier, "box": box, "size": _INITIAL_BYTES, "inodes": _INITIAL_INODES}
        socket.send_fds(zygote, [json.dumps(order).encode()], given)
    except OSError as error:
        for handle in given:
            os.close(handle)
        cell.destroy()
        raise SandboxUnavailable(f"the sandbox's parent process is gone: {error}") from error
    return cell, given


def _accept(cell: Cell) -> None:
    message, handles, _, _ = socket.recv_fds(cell.control, 1 << 16, 4)
    for name, handle in zip(("supervisor", "process", "box", "work"), handles, strict=False):
        setattr(cell, name, handle)
    if not message:
        raise SandboxUnavailable("a sandbox process died while it was armed")
    answer = json.loads(message)
    if "failed" in answer:
        raise SandboxUnavailable(f"the sandbox could not be armed: {answer['failed']}")
    cell.baseline_data = answer["baseline"]
    cell.pid = _pid_of(cell.process)
    cell.group = _join_group(cell)


def _join_group(cell: Cell) -> cgroup.RunGroup | None:
    group = cgroup.create()
    if group is None:
        return None
    try:
        group.attach(cell.pid)
    except OSError:
        group.remove()
        return None
    return group


def _pid_of(pidfd: int) -> int:
    for line in Path(f"/proc/self/fdinfo/{pidfd}").read_text().splitlines():
        if line.startswith("Pid:"):
            return int(line.split()[1])
    raise SandboxUnavailable("the kernel does not say which process a pidfd is")
