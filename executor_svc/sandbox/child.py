"""The three processes of one run: keeper, supervisor and program. Runs in the sandbox interpreter, forked by
the zygote.

The keeper enters the namespaces and waits. The supervisor (first process of the pid namespace) reports over a
control socket and holds no right of its own once the run has begun. The program process takes every right
from itself, says that it is armed and only then reads the one program it will run. Standard library only;
trusts the executor, never the program.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import json
import mmap
import os
import resource
import signal
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass

from executor_svc.sandbox import kernel, landlock, namespaces, program

HEADER = struct.Struct("!QQQQI")
"""To the program process: CPU seconds, data bytes, file bytes, spare data bytes, length of the program."""

PID_PLACEHOLDER = 0x5EC0DE01
"""Stands in the seccomp filter for the program's own process id."""

_MAX_MESSAGE = 1 << 16
_OPEN_FILES = 128
_THREADS = 64


@dataclass(frozen=True)
class Arming:
    """What the zygote knows about the run it forks for.

    Paths are the sandbox's; all of it is the executor's word.
    """

    tier: str
    readable: tuple[str, ...]
    seccomp: bytes
    box: str  # T0 only: the directory on the host that holds work/ and tmp/
    size_bytes: int
    inodes: int


@dataclass(frozen=True)
class Channels:
    """The descriptors that came with the request."""

    control: int
    stdout: int
    stderr: int
    program: int


def data_bytes() -> int:
    """What RLIMIT_DATA counts for this process now."""
    with open("/proc/self/status", encoding="ascii") as status:  # noqa: PTH123 - before any library of ours
        for line in status:
            if line.startswith("VmData:"):
                return int(line.split()[1]) * 1024
    return 0


def keep(arming: Arming, channels: Channels) -> None:
    """Enter the isolation, fork the supervisor, wait for it. Never returns."""
    control = socket.socket(fileno=channels.control)
    try:
        baseline = data_bytes()
        box = _isolate(arming)
        kernel.die_with_parent()
        pid = os.fork()
        if pid == 0:
            _supervise(arming, channels, control, box, baseline)
        os.closerange(0, _OPEN_FILES)
        os.waitpid(pid, 0)
    except BaseException as error:
        _say(control, {"failed": f"{type(error).__name__}: {error}"})
    finally:
        os._exit(0)


def _isolate(arming: Arming) -> namespaces.Box | None:
    if arming.tier != "T0":
        return namespaces.enter(arming.readable, arming.size_bytes, arming.inodes)
    if os.geteuid() == 0:
        namespaces.become_nobody()
    os.chdir(f"{arming.box}/work")
    return None


def _say(control: socket.socket, message: Mapping[str, object], handles: tuple[int, ...] = ()) -> None:
    socket.send_fds(control, [json.dumps(message).encode()], list(handles))


def _supervise(
    arming: Arming, channels: Channels, control: socket.socket, box: namespaces.Box | None, baseline: int
) -> None:
    kernel.die_with_parent()
    note = mmap.mmap(-1, mmap.PAGESIZE)
    ready_read, ready_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        _become_program(arming, channels, ready_write, note)
    for handle in (channels.stdout, channels.stderr, channels.program, ready_write):
        os.close(handle)
    failure = os.read(ready_read, 4096)
    if failure != b"armed":
        _say(control, {"failed": failure.decode() or "the program process died while it was armed"})
        os._exit(1)
    handles = [os.pidfd_open(os.getpid()), os.pidfd_open(pid)]
    if box is not None:
        handles += [box.root_fd, box.work_fd]
    _say(control, {"armed": True, "baseline": baseline}, tuple(handles))
    _await_start(arming, control, box)
    kernel.drop_capabilities()
    _say(control, {"started": True})
    _, status, usage = os.wait4(pid, 0)
    _end_strays(arming)
    _say(control, _report(status, usage, note[0]))
    os._exit(0)


def _await_start(arming: Arming, control: socket.socket, box: namespaces.Box | None) -> None:
    """Take the run's quota and, once its inputs are in place, seal them, where the mounts are ours."""
    while True:
        message = control.recv(_MAX_MESSAGE)
        if not message:
            os._exit(0)  # the executor let go of this child
        order = json.loads(message)
        if order["do"] == "start":
            return
        if order["do"] == "resize" and box is not None:
            kernel.resize_tmpfs(box.root_fd, order["size"], order["inodes"])
        elif order["do"] == "seal":
            namespaces.seal_inputs(_writable(arming)[0], order["names"])
        _say(control, {"done": order["do"]})


def _end_strays(arming: Arming) -> None:
    """As first process of the pid namespace: nothing else in it lives when this returns.

    No program can start a process; this does not rely on it.
    """
    if arming.tier != "T0":
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


def _report(status: int, usage: resource.struct_rusage, out_of_memory: int) -> dict[str, object]:
    exited = os.WIFEXITED(status)
    return {
        "exit_code": os.WEXITSTATUS(status) if exited else None,
        "signal": None if exited else os.WTERMSIG(status),
        "cpu_ms": round((usage.ru_utime + usage.ru_stime) * 1000),
        "peak": usage.ru_maxrss * 1024,
        "out_of_memory": bool(out_of_memory),
    }


def _become_program(arming: Arming, channels: Channels, ready: int, note: mmap.mmap) -> None:
    try:
        try:
            _arrange_descriptors(channels, ready)
            _take_rights(arming)
        except BaseException as error:
            os.write(4, f"{type(error).__name__}: {error}"[:4000].encode())
            os._exit(1)
        os.write(4, b"armed")
        os.close(4)
        source = _read_order(3)
        os.close(3)
        program.forget_ourselves()
        os._exit(program.run(source, note))
    finally:
        os._exit(1)


def _arrange_descriptors(channels: Channels, ready: int) -> None:
    """0 nothing, 1 and 2 the streams, 3 the order, 4 the way to say "armed"; nothing else stays open."""
    nothing = os.open("/dev/null", os.O_RDONLY)
    wanted = (nothing, channels.stdout, channels.stderr, channels.program, ready)
    high = [fcntl.fcntl(handle, fcntl.F_DUPFD, 16) for handle in wanted]
    for number, handle in enumerate(high):
        os.dup2(handle, number)
    os.closerange(len(wanted), resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def _take_rights(arming: Arming) -> None:
    kernel.die_with_parent()
    for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    os.setsid()
    os.umask(0o022)
    _fix_environment(arming)
    program.fresh_randomness()
    kernel.drop_capabilities()
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    for limit, value in _fixed_limits(arming).items():
        resource.setrlimit(limit, (value, value))
    work, tmp = _writable(arming)
    version = landlock.restrict(
        (*arming.readable, "/etc/passwd", "/etc/group") if arming.tier != "T0" else arming.readable,
        (work, tmp, *namespaces.DEVICES),
    )
    if version == 0 and arming.tier == "T0":
        raise OSError(
            "this kernel has no Landlock and namespaces are not in use, so files cannot be protected"
        )
    gc.enable()
    kernel.install_seccomp(_own_filter(arming.seccomp))


def _writable(arming: Arming) -> tuple[str, str]:
    if arming.tier == "T0":
        return f"{arming.box}/work", f"{arming.box}/tmp"  # noqa: S108
    return namespaces.places(arming.readable)


def _fixed_limits(arming: Arming) -> dict[int, int]:
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: _OPEN_FILES,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_MEMLOCK: 0,
    }
    if arming.tier != "T0":
        limits[resource.RLIMIT_NPROC] = (
            _THREADS  # counted per user, and only a user namespace makes it ours alone
        )
    return limits


def _fix_environment(arming: Arming) -> None:
    work, tmp = _writable(arming)
    os.environ["HOME"] = work
    os.environ["TMPDIR"] = tmp
    os.environ["MPLCONFIGDIR"] = tmp
    os.chdir(work)


def _own_filter(instructions: bytes) -> bytes:
    """The filter with our own process id where the placeholder stands: a program may signal itself only."""
    filled = bytearray(instructions)
    for offset in range(4, len(filled), 8):
        if struct.unpack_from("=I", filled, offset)[0] == PID_PLACEHOLDER:
            struct.pack_into("=I", filled, offset, os.getpid())
    return bytes(filled)


def _read_order(handle: int) -> bytes:
    """Take the limits of the run upon us, then return its program.

    Ends the process if the executor let go.
    """
    cpu_s, data, file_bytes, spare, length = HEADER.unpack(_read_exactly(handle, HEADER.size))
    source = _read_exactly(handle, length)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_s, cpu_s + 1))
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
