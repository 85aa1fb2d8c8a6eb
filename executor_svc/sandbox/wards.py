"""Waiting for what a zygote has forked, in the executor's place: inside gVisor.

gVisor has no pidfd and gives a sibling to the wrong parent, so that only the zygote can wait for a program
process and signal it without meeting another. For each there is a socket: over it the executor asks for the
death, and gets the wait status and what was used. Runs in the sandbox interpreter. Standard library only.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
from collections.abc import Callable

from executor_svc.sandbox import forking

KILL = b"kill"
_MESSAGE_BYTES = 16


class Wards:
    """The living children, by the socket of each."""

    def __init__(self) -> None:
        self._wards: dict[int, tuple[int, socket.socket]] = {}
        self._poll = select.poll()
        self._woken, self._waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._poll.register(self._woken, select.POLLIN)

    def serve(self, link: socket.socket, fork: Callable[[forking.Order, list[int]], int]) -> None:
        """Answer orders until the executor hangs up and the last child is dead.

        `fork` gets the descriptors that came along, the child's socket last.
        """

        def take(order: forking.Order, handles: list[int]) -> int:
            pid = fork(order, handles)
            self._add(pid, socket.socket(fileno=os.dup(handles[-1])))
            return pid

        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._waker)
        self._poll.register(link, select.POLLIN)
        listening = True
        while listening or self._wards:
            for handle, _ in self._poll.poll():
                if handle == self._woken:
                    os.read(self._woken, 1 << 12)
                elif handle != link.fileno():
                    self._kill(handle)
                elif not forking.answer(link, take):
                    listening = False
                    self._poll.unregister(link)
            self._reap()

    def forget(self) -> None:
        """In a child: its children are its own affair."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)

    def _add(self, pid: int, told: socket.socket) -> None:
        self._wards[told.fileno()] = pid, told
        self._poll.register(told, select.POLLIN)

    def _kill(self, handle: int) -> None:
        """The executor has asked for it, or has let go of it."""
        self._poll.unregister(handle)
        os.kill(self._wards[handle][0], signal.SIGKILL)

    def _reap(self) -> None:
        handles = {pid: handle for handle, (pid, _) in self._wards.items()}
        while handles:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
            if pid == 0:
                return
            self._tell(handles.pop(pid), [status, *usage])

    def _tell(self, handle: int, end: list[float]) -> None:
        _, told = self._wards.pop(handle)
        with contextlib.suppress(KeyError):  # it was asked for
            self._poll.unregister(handle)
        with contextlib.suppress(OSError), told:  # nobody listens
            told.send(json.dumps(end).encode())
