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
import socket
import struct
from dataclasses import dataclass

from executor_svc.sandbox import kernel, landlock, namespaces, program

DISK = b"disk"
"""Comes before ARMED inside gVisor, with the disk's root and the working directory as open directories."""
HEADER = struct.Struct("!QQQQI?")
"""Before the program: CPU seconds, data bytes beyond the libraries', file bytes, spare data bytes, length,
and whether its figures are to be described."""

PID_PLACEHOLDER = 0x5EC0DE01
"""Stands in the seccomp filter for the program's own process id."""

ARMED = b"armed"
"""What a program process says once it has no right left; anything else is why it could not be armed."""

_OPEN_FILES = 128
_THREADS = 64
_NICE = 10
_ADDRESSES = 256 << 20  # for code of libraries that are loaded later, which is not the run's memory


@dataclass(frozen=True)
class Arming:
    """What is the same for every program process of a zygote. Paths are the sandbox's."""

    readable: tuple[str, ...]
    seccomp: bytes
    parent: int  # process id of whom it must not outlive
    data_bytes: int  # what RLIMIT_DATA counts for the libraries
    address_bytes: int = 0  # inside gVisor, which enforces only RLIMIT_AS: what that counts


@dataclass(frozen=True)
class Channels:
    """The descriptors that came with the request. `note` is one page of shared memory, `keeper` a pidfd.

    `proc` is the directory /proc, inside gVisor, where a program process enters its namespaces by itself.
    """

    order: int
    stdout: int
    stderr: int
    note: int
    keeper: int = -1  # only T1 has one
    proc: int = -1


def memory_bytes(kind: str) -> int:
    """What RLIMIT_DATA ("VmData") or RLIMIT_AS ("VmSize") counts for this process now."""
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 - before any library of ours
        for line in status:
            if line.startswith(f"{kind}:"):
                return int(line.split()[1]) * 1024
    return 0


def become_program(arming: Arming, channels: Channels, box: str, disk_bytes: int) -> None:
    """Arm this process, run its one program, and end. Never returns.

    `box` is the directory on the host that holds work/ and tmp/ where there are no namespaces, else empty;
    `disk_bytes` is for a disk that it makes by itself.
    """
    code, order = 1, channels.order
    try:
        try:
            note = mmap.mmap(channels.note, mmap.PAGESIZE)
            order = _arrange_descriptors(channels)
            work, tmp = _enter(arming, channels, box, disk_bytes)
            _take_rights(arming, channels, work, tmp)
        except BaseException as error:
            os.write(order, f"{type(error).__name__}: {error}"[:4000].encode())
            return
        program.rehearse(note)
        os.write(order, ARMED)
        source, described = _read_order(order, arming)
        os.close(order)
        code = program.run(source, note, described=described)
    finally:
        os._exit(code)


def _arrange_descriptors(channels: Channels) -> int:
    """0 nothing, 1 and 2 the streams, 3 the order, which is returned; 4 the way into namespaces."""
    nothing = os.open("/dev/null", os.O_RDONLY)
    entered_by = max(channels.keeper, channels.proc)
    wanted = (nothing, channels.stdout, channels.stderr, channels.order, entered_by)
    high = [fcntl.fcntl(handle, fcntl.F_DUPFD, 16) for handle in wanted if handle >= 0]
    for number, handle in enumerate(high):
        os.dup2(handle, number)
    os.closerange(len(high), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    return 3


def _take_rights(arming: Arming, channels: Channels, work: str, tmp: str) -> None:
    os.chdir(work)
    kernel.die_with_parent()  # after the last change of identity, which undoes it
    if _orphaned(arming, channels):
        os._exit(1)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.setsid()
    os.nice(_NICE)  # what is ours goes on beside a program that takes all it gets
    os.umask(0o022)
    bare = max(channels.keeper, channels.proc) < 0
    if bare:  # else the zygote has set them for all
        os.environ.update(program.places(work, tmp))
    program.renew()
    kernel.drop_capabilities()
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    for limit, value in _fixed_limits(channels).items():
        resource.setrlimit(limit, (value, value))
    readable = arming.readable if bare else (*arming.readable, "/etc/passwd", "/etc/group")
    if landlock.restrict(readable, (work, tmp, *namespaces.DEVICES)) == 0 and bare:
        raise OSError(
            "this kernel has no Landlock and namespaces are not in use, so files cannot be protected"
        )
    gc.enable()
    kernel.install_seccomp(_own_filter(arming.seccomp))


def _enter(arming: Arming, channels: Channels, box: str, disk_bytes: int) -> tuple[str, str]:
    """Into the run's own world. Returns where its working directory and its temporary files are."""
    if channels.keeper >= 0:
        namespaces.join(4)
        os.close(4)
        return namespaces.places(arming.readable)
    if channels.proc >= 0:
        made = namespaces.enter_in_gvisor(4, arming.readable, disk_bytes)
        _hand_out(made)
        return namespaces.places(arming.readable)
    if os.geteuid() == 0:
        namespaces.become_nobody()
    return f"{box}/work", f"{box}/tmp"  # noqa: S108


def _hand_out(disk: namespaces.Box) -> None:
    """Give the executor the disk, and keep no way to it but the paths."""
    handles = (disk.root_fd, disk.work_fd)
    with socket.socket(fileno=os.dup(3)) as order:
        socket.send_fds(order, [DISK], handles)
    for handle in handles:
        os.close(handle)


def _orphaned(arming: Arming, channels: Channels) -> bool:
    """Whether our parent had died before we asked to die with it. A cell with a keeper dies with that."""
    if channels.keeper >= 0:
        return False
    if channels.proc < 0:
        return os.getppid() != arming.parent
    parent = namespaces.parent(4)  # as it is called outside our pid namespace
    os.close(4)
    return parent != arming.parent


def _fixed_limits(channels: Channels) -> dict[int, int]:
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: _OPEN_FILES,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_MEMLOCK: 0,
    }
    if channels.keeper >= 0:  # counted per user, and only a user namespace of Linux makes it ours alone
        limits[resource.RLIMIT_NPROC] = _THREADS
    if channels.proc >= 0:  # gVisor refuses to set it; the filter has no call that would make a queue
        del limits[resource.RLIMIT_MSGQUEUE]
    return limits


def _own_filter(instructions: bytes) -> bytes:
    """The filter with our own process id where the placeholder stands: a program may signal itself only."""
    filled = bytearray(instructions)
    for offset in range(4, len(filled), 8):
        if struct.unpack_from("=I", filled, offset)[0] == PID_PLACEHOLDER:
            struct.pack_into("=I", filled, offset, os.getpid())
    return bytes(filled)


def _read_order(handle: int, arming: Arming) -> tuple[bytes, bool]:
    """Take the limits of the run upon us, then return its program, and whether its figures are described.

    Ends the process if the executor let go.
    """
    cpu_s, data, file_bytes, spare, length, described = HEADER.unpack(_read_exactly(handle, HEADER.size))
    source = _read_exactly(handle, length)
    data += arming.data_bytes
    # The executor looks at an exact clock. This one is fast on a busy machine, and for when nobody looks.
    resource.setrlimit(resource.RLIMIT_CPU, (2 * cpu_s, 2 * cpu_s + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
    resource.setrlimit(resource.RLIMIT_DATA, (data, data + spare))
    if arming.address_bytes:
        most = arming.address_bytes + data - arming.data_bytes + _ADDRESSES
        resource.setrlimit(resource.RLIMIT_AS, (most, most + spare))
    return source, described


def _read_exactly(handle: int, length: int) -> bytes:
    parts = []
    while length:
        part = os.read(handle, min(length, 1 << 20))
        if not part:
            os._exit(0)
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
