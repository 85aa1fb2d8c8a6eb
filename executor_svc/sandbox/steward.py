"""The steward: a small process that keeps a private root ready and forks a keeper for each cell.

A keeper is the first process of the cell's pid namespace and holds all its namespaces; the program process
enters them. That the two are apart makes a cell cheap: what enters namespaces is small, and what has the
libraries loaded is forked once. Stays single threaded, sees no program, no input and no secret, and dies with
the executor. Runs in the sandbox interpreter (launch.py). Standard library only.
"""

from __future__ import annotations

import json
import os
import socket

from executor_svc.sandbox import forking, keeper, kernel, namespaces


def main(link: socket.socket) -> None:
    """Build the root, say so, then fork until the executor hangs up."""
    settings = json.loads(link.recv(1 << 18))
    if not forking.begin(settings["parent"]):
        return
    readable = tuple(settings["readable"])
    try:
        proc = os.open("/proc", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        namespaces.enter_template(readable)
    except OSError as error:
        link.send(json.dumps({"failed": f"namespaces are not allowed here: {error}"}).encode())
        return
    link.send(b'{"ready": true}')

    def fork(order: forking.Order, handles: list[int]) -> int:
        pid = kernel.fork_sibling(kernel.CLONE_NEWPID)
        if pid == 0:
            link.close()
            keeper.keep(socket.socket(fileno=handles[0]), proc, readable, order)
        return pid

    forking.serve(link, fork)
