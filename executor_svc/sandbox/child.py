"""The program process of one run. Runs in the sandbox interpreter, forked by the zygote.

It enters its keeper's namespaces, takes every right from itself, says that it is armed, and only then reads
the one program it will run. Standard library only; trusts the executor, never the program.
"""

from __future__ import annotations

import fcntl
import gc
import mmap
import os
import resource
import signal
import struct
from dataclasses import dataclass

from executor_svc.sandbox import kernel, landlock, namespaces, program

HEADER = struct.Struct("!QQQQI")
"""Before the program: CPU seconds, data bytes beyond the libraries', file bytes, spare data bytes, length."""

PID_PLACEHOLDER = 0x5EC0DE01
"""Stands in the seccomp filter for the program's own process id."""

ARMED = b"armed"
"""What a program process says once it has no right left; anything else is why it could not be armed."""

_OPEN_FILES = 128
_THREADS = 64
_NICE = 10


@dataclass(frozen=True)
class Arming:
    """What is the same for every program process of a zygote. Paths are the sandbox's."""

    readable: tuple[str, ...]
    seccomp: bytes
    executor: int  # process id
    data_bytes: int  # what RLIMIT_DATA counts for the libraries


@dataclass(frozen=True)
class Channels:
    """The descriptors that came with the request. `note` is one page of shared memory, `keeper` a pidfd."""

    order: int
    stdout: int
    stderr: int
    note: int
    keeper: int = -1  # T0 has none


def data_bytes() -> int:
    """What RLIMIT_DATA counts for this process now."""
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 - before any library of ours
        for line in status:
            if line.startswith("VmData:"):
                return int(line.split()[1]) * 1024
    return 0


def become_program(arming: Arming, channels: Channels, box: str) -> None:
    """Arm this process, run its one program, and end. Never returns.

    `box` is the directory on the host that holds work/ and tmp/ where there are no namespaces, else empty.
    """
    code, order = 1, channels.order
    try:
        try:
            note = mmap.mmap(channels.note, mmap.PAGESIZE)
            order = _arrange_descriptors(channels)
            _take_rights(arming, channels.keeper, box)
        except BaseException as error:
            os.write(order, f"{type(error).__name__}: {error}"[:4000].encode())
            return
        program.rehearse()
        os.write(order, ARMED)
        source = _read_order(order, arming)
        os.close(order)
        code = program.run(source, note)
    finally:
        os._exit(code)


def _arrange_descriptors(channels: Channels) -> int:
    """0 nothing, 1 and 2 the streams, 3 the order, which is returned; 4 the keeper, until it is joined."""
    nothing = os.open("/dev/null", os.O_RDONLY)
    wanted = (nothing, channels.stdout, channels.stderr, channels.order, channels.keeper)
    high = [fcntl.fcntl(handle, fcntl.F_DUPFD, 16) for handle in wanted if handle >= 0]
    for number, handle in enumerate(high):
        os.dup2(handle, number)
    os.closerange(len(high), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    return 3


def _take_rights(arming: Arming, keeper: int, box: str) -> None:
    if keeper >= 0:
        namespaces.join(4)
        os.close(4)
        work, tmp = namespaces.places(arming.readable)
    else:
        if os.geteuid() == 0:
            namespaces.become_nobody()
        work, tmp = f"{box}/work", f"{box}/tmp"  # noqa: S108
    os.chdir(work)
    kernel.die_with_parent()  # after the last change of identity, which undoes it
    if keeper < 0 and os.getppid() != arming.executor:
        os._exit(1)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.setsid()
    os.nice(_NICE)  # what is ours goes on beside a program that takes all it gets
    os.umask(0o022)
    if keeper < 0:  # else the zygote has set them for all
        os.environ.update(program.places(work, tmp))
    program.renew()
    kernel.drop_capabilities()
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    for limit, value in _fixed_limits(namespaced=keeper >= 0).items():
        resource.setrlimit(limit, (value, value))
    readable = (*arming.readable, "/etc/passwd", "/etc/group") if keeper >= 0 else arming.readable
    if landlock.restrict(readable, (work, tmp, *namespaces.DEVICES)) == 0 and keeper < 0:
        raise OSError(
            "this kernel has no Landlock and namespaces are not in use, so files cannot be protected"
        )
    gc.enable()
    kernel.install_seccomp(_own_filter(arming.seccomp))


def _fixed_limits(*, namespaced: bool) -> dict[int, int]:
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: _OPEN_FILES,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_MEMLOCK: 0,
    }
    if namespaced:  # counted per user, and only a user namespace makes it ours alone
        limits[resource.RLIMIT_NPROC] = _THREADS
    return limits


def _own_filter(instructions: bytes) -> bytes:
    """The filter with our own process id where the placeholder stands: a program may signal itself only."""
    filled = bytearray(instructions)
    for offset in range(4, len(filled), 8):
        if struct.unpack_from("=I", filled, offset)[0] == PID_PLACEHOLDER:
            struct.pack_into("=I", filled, offset, os.getpid())
    return bytes(filled)


def _read_order(handle: int, arming: Arming) -> bytes:
    """Take the limits of the run upon us, then return its program.

    Ends the process if the executor let go.
    """
    cpu_s, data, file_bytes, spare, length = HEADER.unpack(_read_exactly(handle, HEADER.size))
    source = _read_exactly(handle, length)
    data += arming.data_bytes
    # The executor looks at an exact clock. This one is fast on a busy machine, and for when nobody looks.
    resource.setrlimit(resource.RLIMIT_CPU, (2 * cpu_s, 2 * cpu_s + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
    resource.setrlimit(resource.RLIMIT_DATA, (data, data + spare))
    return source


def _read_exactly(handle: int, length: int) -> bytes:
    parts = []
    while length:
        part = os.read(handle, min(length, 1 << 20))
        if not part:
            os._exit(0)
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
