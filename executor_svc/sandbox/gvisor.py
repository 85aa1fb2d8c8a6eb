"""Whether the kernel beneath this process is gVisor's, by what only that kernel answers.

A name proves nothing: a RuntimeClass called gvisor may well hand its pods to runc. So three things of
different origin must agree: the kernel's log, the two places where it says its version, and the errors with
which it answers calls that make no sense. Trusted side; knows no tier. A gVisor that changes one of them is
not believed, which costs a tier and no safety.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

from executor_svc.sandbox import kernel

# gVisor answers these with an error of its own before it looks at an argument; Linux looks, and says
# EFAULT, EBADF or EINVAL. By machine: perf_event_open, name_to_handle_at.
_NONSENSE = {"x86_64": (298, 303), "aarch64": (241, 264)}
_ANSWERS = (errno.ENODEV, errno.EOPNOTSUPP)
_FIRST_MESSAGE = "[    0.000000] Starting gVisor..."


def doubts() -> tuple[str, ...]:
    """What speaks against gVisor here, in words; nothing does only inside it. Raises nothing."""
    found = []
    if not _logs_as_gvisor():
        found.append("the kernel's log does not begin as gVisor's")
    if not _names_no_builder():
        found.append("the kernel names who built it, which gVisor does not")
    if not _answers_as_gvisor():
        found.append("senseless calls are not answered as gVisor answers them")
    return tuple(found)


def _logs_as_gvisor() -> bool:
    try:
        first = kernel.log().split("\n", 1)[0]
    except OSError:
        return False  # Linux shows its log to few
    return first.partition(">")[2].split() == _FIRST_MESSAGE.split()


def _names_no_builder() -> bool:
    uname = os.uname()
    try:
        told = Path("/proc/version").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return False
    return told == f"{uname.sysname} version {uname.release} {uname.version}"


def _answers_as_gvisor() -> bool:
    numbers = _NONSENSE.get(os.uname().machine)
    if numbers is None:
        return False
    for number, wanted in zip(numbers, _ANSWERS, strict=True):
        try:
            kernel.syscall(number, None, -1, -1, -1, -1)
        except OSError as error:
            if error.errno != wanted:
                return False
        else:
            return False
    return True
