"""What the zygote and the steward have in common: beginning as the executor's, and forking on request.

Standard library only; runs in the sandbox interpreter.
"""

from __future__ import annotations

import gc
import json
import os
import socket
import sys
from collections.abc import Callable, Mapping

from executor_svc.sandbox import heap, kernel

Order = Mapping[str, object]
_MESSAGE_BYTES = 1 << 16
_MOST_HANDLES = 8


def begin(parent: int) -> bool:
    """Die with the executor from now on, and heed the signals it may not; False when it is dead already."""
    kernel.heed_signals()
    kernel.die_with_parent()
    return os.getppid() == parent


def settle() -> None:
    """Lay out memory so that forks are cheap and stay so. Call when everything is loaded."""
    gc.collect()
    gc.disable()
    gc.freeze()
    heap.collapse()
    sys._clear_type_cache()  # each name that another takes the place of would be written to
    heap.fill_gaps()


def serve(link: socket.socket, fork: Callable[[Order, list[int]], int]) -> None:
    """Answer each order until the executor hangs up."""
    while answer(link, fork):
        pass


def answer(link: socket.socket, fork: Callable[[Order, list[int]], int]) -> bool:
    """Answer the next order with the id of what `fork` made of it; False when the executor has hung up.

    `fork` gets the descriptors that came along, which are closed here afterwards.
    """
    message, handles, _, _ = socket.recv_fds(link, _MESSAGE_BYTES, _MOST_HANDLES)
    if not message:
        return False
    try:
        told: dict[str, object] = {"pid": fork(json.loads(message), handles)}
    except OSError as error:
        told = {"failed": str(error)}
    finally:
        for handle in handles:
            os.close(handle)
    link.send(json.dumps(told).encode())
    return True
