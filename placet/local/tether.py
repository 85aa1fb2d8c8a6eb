"""Become another program that dies with its parent: `python -I -S tether.py PARENT_PID PROGRAM [ARGUMENT…]`.

A program of its own, so that the supervisor, which has threads, need not run code between fork and
exec. Imports nothing of ours.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ask the kernel for SIGKILL at the parent's end (Linux), then exec."""
    parent, program = int(sys.argv[1]), sys.argv[2:]
    libc = ctypes.CDLL(None, use_errno=True)
    if hasattr(libc, "prctl") and libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        sys.exit("tether: the kernel refused PR_SET_PDEATHSIG")
    if os.getppid() != parent:  # it ended before we asked
        sys.exit("tether: the parent is gone")
    os.execv(program[0], program)  # noqa: S606  # that is the purpose; no shell is wanted


main()
