"""One armed child as the executor sees it: its processes, its descriptors, its control group, its death.

A cell is used for one run or for none, and `destroy` leaves nothing of it. Trusted side; never parses what a
program wrote. Knows no pool.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import mmap
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from executor_svc.sandbox import aio, cgroup, hostbox
from executor_svc.sandbox.child import ARMED, DISK
from executor_svc.sandbox.forkserver import ForkServer
from executor_svc.sandbox.keeper import ALONE, DONE
from executor_svc.sandbox.process import Process, Ward
from executor_svc.sandbox.types import SandboxUnavailable

_ARMING_S = 30.0
_LEAST_DISK = 64 << 20
_MESSAGE_BYTES = 1 << 16


@dataclass(eq=False)
class Cell:
    """An armed child. At T1 a `keeper` holds its namespaces, and all of the cell ends with it."""

    tier: str
    disk_bytes: int
    inodes: int
    stdout: int = -1
    stderr: int = -1
    box: int = -1
    work: int = -1
    box_path: Path | None = None
    note: mmap.mmap | None = None
    order: socket.socket | None = None
    control: socket.socket | None = None
    keeper: Process | None = None
    process: Process | None = None
    group: cgroup.RunGroup | None = None
    _closed: set[int] = field(default_factory=set)

    @property
    def program(self) -> Process:
        """The program process; there is one as soon as the cell is armed."""
        assert self.process is not None
        return self.process

    def fits(self, disk_bytes: int, _inodes: int) -> bool:
        """Whether it can have a disk of that size. Inside gVisor it stays as large as it was made."""
        return self.tier != "T2" or disk_bytes <= self.disk_bytes

    def alive(self) -> bool:
        """Whether all of it still waits."""
        return not self.program.dead() and (self.keeper is None or not self.keeper.dead())

    def abandoned(self) -> bool:
        """Whether the keeper has ended, or is ending: then the kernel kills the program as well.

        It closes its socket before that; it is not dead before the program has been waited for.
        """
        if self.control is None:
            return False
        try:
            return self.control.recv(1, socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False

    def kill(self) -> None:
        """SIGKILL for everything of this run. Does not wait."""
        if self.group is not None:
            self.group.kill()
        for process in (self.process, self.keeper):
            if process is not None:
                process.kill()

    def bury(self) -> None:
        """Wait (milliseconds in practice) until every process is dead.

        Raises SandboxUnavailable if one is not.
        """
        for process in (self.process, self.keeper):
            if process is not None:
                process.bury()

    async def deserted(self) -> bool:
        """Whether the keeper, which sees all of the pid namespace, is alone in it; False when it is gone."""
        return await self._asked({"others": True}) == ALONE

    async def ask(self, order: Mapping[str, object]) -> None:
        """Have the keeper do something and wait until it is done. Raises SandboxUnavailable."""
        answer = await self._asked(order)
        if answer != DONE:
            raise SandboxUnavailable(
                f"the sandbox could not prepare the run: {answer.decode() or 'its keeper died'}"
            )

    async def _asked(self, order: Mapping[str, object]) -> bytes:
        assert self.control is not None
        try:
            self.control.send(json.dumps(order).encode())
            await aio.readable(self.control.fileno())
            return self.control.recv(_MESSAGE_BYTES)
        except OSError:
            return b""

    def destroy(self) -> None:
        """Kill, wait, close and remove everything. Idempotent."""
        try:
            self.kill()
            self.bury()
        finally:
            for link in (self.order, self.control, self.note):
                if link is not None:
                    link.close()
            for handle in (self.stdout, self.stderr, self.box, self.work):
                if handle >= 0 and handle not in self._closed:
                    self._closed.add(handle)
                    os.close(handle)
            if self.group is not None:
                self.group.remove()
            if self.box_path is not None:
                hostbox.remove(self.box_path)


async def arm(
    tier: str, zygote: ForkServer, steward: ForkServer | None, disk_bytes: int, inodes: int
) -> Cell:
    """A cell with a disk of that size whose program process has given up every right and waits.

    There is a steward at T1. Raises SandboxUnavailable with the reason.
    """
    room = _roomy(disk_bytes) if tier == "T2" else disk_bytes
    cell = Cell(tier, room, inodes)
    try:
        async with asyncio.timeout(_ARMING_S):
            if tier == "T0":
                _make_box(cell)
            if steward is not None:
                await _make_keeper(cell, steward)
            await _make_program(cell, zygote)
            if cell.keeper is not None and os.geteuid() == 0:
                await cell.ask({"powerless": True})  # what is left to do before a run, root does from outside
    except TimeoutError:
        cell.destroy()
        raise SandboxUnavailable(
            "a sandbox process was not ready in time; the machine is overloaded"
        ) from None
    except OSError as error:
        cell.destroy()
        raise SandboxUnavailable(f"a sandbox process could not be armed: {error}") from error
    except BaseException:
        cell.destroy()
        raise
    return cell


def _roomy(disk_bytes: int) -> int:
    """So large that most other runs fit as well: the disk is watched, and this is only its bound."""
    return 1 << max(disk_bytes - 1, _LEAST_DISK - 1).bit_length()


def _make_box(cell: Cell) -> None:
    cell.box_path = hostbox.create()
    cell.box = os.open(cell.box_path, os.O_RDONLY | os.O_DIRECTORY)
    cell.work = os.open(cell.box_path / "work", os.O_RDONLY | os.O_DIRECTORY)


async def _make_keeper(cell: Cell, steward: ForkServer) -> None:
    cell.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    cell.control.setblocking(False)
    order = {"size": cell.disk_bytes, "inodes": cell.inodes}
    cell.keeper = Process(await steward.fork(order, [theirs.detach()]))
    await aio.readable(cell.control.fileno())
    message, handles, _, _ = socket.recv_fds(cell.control, _MESSAGE_BYTES, 2)
    if len(handles) != 2:
        raise SandboxUnavailable(f"the sandbox could not be armed: {message.decode() or 'its keeper died'}")
    cell.box, cell.work = handles


async def _make_program(cell: Cell, zygote: ForkServer) -> None:
    cell.order, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    cell.stdout, stdout = os.pipe()
    cell.stderr, stderr = os.pipe()
    note = os.memfd_create("note", os.MFD_CLOEXEC)
    given = [theirs.detach(), stdout, stderr, note]
    os.ftruncate(note, mmap.PAGESIZE)
    cell.note = mmap.mmap(note, mmap.PAGESIZE)
    cell.order.setblocking(False)
    for handle in (cell.stdout, cell.stderr):
        os.set_blocking(handle, False)
    if cell.tier == "T2":
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        pid = await zygote.fork({"size": cell.disk_bytes}, [*given, theirs.detach()])
        cell.process = Ward(pid, ours)
        await _take_disk(cell)
    else:
        keeper = [os.dup(cell.keeper.handle)] if cell.keeper is not None else []
        cell.process = Process(await zygote.fork({"box": str(cell.box_path or "")}, [*given, *keeper]))
    await aio.readable(cell.order.fileno())
    said = cell.order.recv(_MESSAGE_BYTES)
    if said != ARMED:
        raise SandboxUnavailable(
            f"the sandbox could not be armed: {said.decode() or 'its program process died'}"
        )
    _stop_listening(cell.order)
    if cell.tier != "T2":  # gVisor may show groups, and bounds nothing by them
        joining = asyncio.get_running_loop().run_in_executor(None, _join_group, cell.program.pid)
        cell.group = await joining  # the kernel may make it wait


async def _take_disk(cell: Cell) -> None:
    """The disk that a program process inside gVisor has made."""
    assert cell.order is not None
    await aio.readable(cell.order.fileno())
    said, handles, _, _ = socket.recv_fds(cell.order, len(DISK), 2)
    if len(handles) == 2:
        cell.box, cell.work = handles
        return
    with contextlib.suppress(BlockingIOError):
        said += cell.order.recv(_MESSAGE_BYTES)
    raise SandboxUnavailable(f"the sandbox could not be armed: {said.decode() or 'its program process died'}")


def _stop_listening(order: socket.socket) -> None:
    """Nothing that a program says here, if it ever could, is kept: no bytes, no descriptor in flight."""
    order.shutdown(socket.SHUT_RD)


def _join_group(pid: int) -> cgroup.RunGroup | None:
    group = cgroup.create()
    if group is None:
        return None
    try:
        group.attach(pid)
    except OSError:
        group.remove()
        return None
    return group
