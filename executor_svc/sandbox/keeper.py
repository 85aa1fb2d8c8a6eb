"""The keeper: first process of a cell's pid namespace and holder of its namespaces. Forked by the steward.

It makes the cell's disk, prepares it for the run on request, and then holds no right of its own. When it
ends, everything in its pid namespace ends. It never sees a byte of the program. Standard library only; trusts
the executor, never the program.
"""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Mapping, Sequence

from executor_svc.sandbox import kernel, namespaces

DONE = b'{"done": true}'
ALONE = b'{"alone": true}'
_MESSAGE_BYTES = 1 << 16
_OPEN_FILES = 1024


def keep(control: socket.socket, proc: int, readable: Sequence[str], order: Mapping[str, object]) -> None:
    """Enter the namespaces, say so, and serve until told to go. Never returns."""
    try:
        kernel.die_with_parent()
        box = namespaces.enter(proc, readable, int(str(order["size"])), int(str(order["inodes"])))
        kernel.die_with_parent()  # a change of identity has undone it
        signal.signal(
            signal.SIGCHLD, signal.SIG_IGN
        )  # nobody can leave a process to us; if so, it is not kept
        _close_all_but(control.fileno(), box.root_fd, box.work_fd)
        _say(control, {"armed": True}, (box.root_fd, box.work_fd))
        _serve(control, box, namespaces.places(readable)[0])
    except BaseException as error:
        _say(control, {"failed": f"{type(error).__name__}: {error}"})
    finally:
        os._exit(0)


def _close_all_but(*kept: int) -> None:
    low = 0
    for handle in (*sorted(kept), _OPEN_FILES):
        os.closerange(low, handle)
        low = handle + 1


def _say(control: socket.socket, message: Mapping[str, object], handles: tuple[int, ...] = ()) -> None:
    socket.send_fds(control, [json.dumps(message).encode()], list(handles))


def _serve(control: socket.socket, box: namespaces.Box, work: str) -> None:
    """Set the quota, seal the inputs, give up every right: each when it is asked for, the last for good.

    Asked for others in the pid namespace, it says whether it is alone.
    """
    while message := control.recv(_MESSAGE_BYTES):
        order = json.loads(message)
        if "others" in order:
            control.send(ALONE if _alone() else DONE)
            continue
        if "size" in order:
            kernel.resize_tmpfs(box.root_fd, order["size"], order["inodes"])
        if "names" in order:
            namespaces.seal_inputs(work, order["names"])
        if "powerless" in order:
            kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
            kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
            kernel.drop_capabilities()
        control.send(DONE)


def _alone() -> bool:
    try:
        os.kill(-1, 0)  # everybody whom it can see, but itself
    except ProcessLookupError:
        return True
    return False
