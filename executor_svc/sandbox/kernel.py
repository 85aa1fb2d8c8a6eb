"""The few kernel calls that Python 3.11 does not offer, through ctypes.

Runs on both sides: in the executor and, loaded by path, in the sandbox interpreter. Standard library only;
knows no policy and holds no state.
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import struct
import threading

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWUSER = 0x10000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000

MS_REMOUNT = 0x20
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000
MS_NOSUID = 0x2
MS_NODEV = 0x4
MNT_DETACH = 2

MOUNT_ATTR_RDONLY = 0x1
MOUNT_ATTR_NOSUID = 0x2
MOUNT_ATTR_NODEV = 0x4

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_GET_TID_ADDRESS = 40
PR_SET_SECCOMP = 22
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT = 47

_AT_FDCWD = -100
_AT_RECURSIVE = 0x8000
_AT_EMPTY_PATH = 0x1000

# Numbers of calls that are the same on every architecture (all newer than the unified table).
_SYS_PIDFD_SEND_SIGNAL = 424
_SYS_FSCONFIG = 431
_SYS_FSPICK = 433
_SYS_PIDFD_OPEN = 434
_SYS_OPENAT2 = 437
_SYS_MOUNT_SETATTR = 442

# Only on these does the old clone(2) take its arguments in an order that is known here.
_SYS_CLONE = {"x86_64": 56, "aarch64": 220}
_SYS_RT_SIGACTION = {"x86_64": 13, "aarch64": 134}
_SYS_GET_ROBUST_LIST = {"x86_64": 274, "aarch64": 100}
_CLONE_PARENT = 0x8000
_THREAD_ID_BEFORE_LIST = 16
_CLONE_CHILD_CLEARTID = 0x00200000
_CLONE_CHILD_SETTID = 0x01000000
_STEP = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = ctypes.c_long
_holding_the_lock = ctypes.PyDLL(
    None, use_errno=True
)  # a child without the interpreter's lock could run nothing
_holding_the_lock.syscall.restype = ctypes.c_long


def _check(result: int, call: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{call}: {os.strerror(number)}")
    return result


def syscall(number: int, *args: object) -> int:
    """A raw system call. Raises OSError; `args` are ctypes values, ints or bytes."""
    widened = [ctypes.c_long(a) if isinstance(a, int) else a for a in args]
    return _check(_libc.syscall(ctypes.c_long(number), *widened), f"system call {number}")


def lacking(*, namespaces: bool) -> tuple[str, ...]:
    """The calls that the sandbox cannot do without and this kernel does not have, by name.

    `namespaces` asks also for those of a cell with namespaces. Nothing happens: no argument makes sense.
    """
    calls: dict[str, tuple[int, tuple[object, ...]]] = {
        "pidfd_open": (_SYS_PIDFD_OPEN, (-1, -1)),
        "pidfd_send_signal": (_SYS_PIDFD_SEND_SIGNAL, (-1, 0, None, 0)),
        "openat2": (_SYS_OPENAT2, (-1, None, None, 0)),
    }
    if namespaces:
        calls |= {
            "mount_setattr": (_SYS_MOUNT_SETATTR, (-1, None, 0, None, 0)),
            "fspick": (_SYS_FSPICK, (-1, None, -1)),
            "fsconfig": (_SYS_FSCONFIG, (-1, -1, None, None, 0)),
        }
    missing = []
    for name, (number, arguments) in calls.items():
        try:
            syscall(number, *arguments)
        except OSError as error:
            if error.errno == errno.ENOSYS:
                missing.append(name)
    return tuple(missing)


def log() -> str:
    """The kernel's log, the newest 64 KiB of it. Raises OSError where it is not shown to us."""
    buffer = ctypes.create_string_buffer(1 << 16)
    length = _check(_libc.klogctl(3, buffer, len(buffer)), "klogctl")
    return buffer.raw[:length].decode("utf-8", "replace")


def prctl(option: int, *args: int) -> int:
    """prctl(2) with unsigned long arguments. Raises OSError."""
    padded = [ctypes.c_ulong(a) for a in (*args, 0, 0, 0, 0)[:4]]
    return _check(_libc.prctl(ctypes.c_int(option), *padded), f"prctl {option}")


def unshare(flags: int) -> None:
    """unshare(2). Raises OSError (EPERM where namespaces are not allowed)."""
    _check(_libc.unshare(ctypes.c_int(flags)), "unshare")


def setns(handle: int, flags: int) -> None:
    """setns(2) with a namespace, or with a pidfd and any CLONE_NEW* flags. Raises OSError."""
    _check(_libc.setns(ctypes.c_int(handle), ctypes.c_int(flags)), "setns")


def fork_sibling(namespaces: int = 0) -> int:
    """As `fork`, but the child belongs to our own parent: it is the parent's to wait for, and outlives us."""
    pid = fork(_CLONE_PARENT | namespaces)
    if pid and _is_own_child(pid):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise OSError(errno.ENOTSUP, "clone: this kernel ignores CLONE_PARENT")
    return pid


def fork(flags: int) -> int:
    """fork(2) with CLONE_NEW* flags for the child. Returns its id, 0 in the child. Raises OSError.

    For a process with one thread only. What the C library's and the interpreter's own forks do besides (locks
    and states of other threads) has no meaning there; the thread id that the C library keeps is set by the
    kernel as it would be by fork. The handlers of os.register_at_fork do not run: one of matplotlib's would
    forget the fonts that have been found, and together they would touch, and so copy, hundreds of pages.
    """
    address = _thread_id_address()
    flags |= signal.SIGCHLD
    if address:
        flags |= _CLONE_CHILD_SETTID | _CLONE_CHILD_CLEARTID
    machine = os.uname().machine
    if machine not in _SYS_CLONE:
        raise OSError(errno.ENOSYS, f"forking a sibling is not known on {machine}")
    last = (address, 0) if machine == "x86_64" else (0, address)
    arguments = [ctypes.c_ulong(value) for value in (flags, 0, 0, *last)]
    return _check(_holding_the_lock.syscall(ctypes.c_long(_SYS_CLONE[machine]), *arguments), "clone")


def _is_own_child(pid: int) -> bool:
    try:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True


def _thread_id_address() -> int:
    """Where the C library keeps this thread's id, as it told the kernel; 0 where that cannot be found out."""
    address = ctypes.c_ulong(0)
    try:
        prctl(PR_GET_TID_ADDRESS, ctypes.addressof(address))
    except OSError:
        return _thread_id_before_list()
    return address.value


def _thread_id_before_list() -> int:
    """The same of a kernel that does not say (gVisor): glibc has it just before its list of robust locks.

    Believed only if the id is there.
    """
    call = _SYS_GET_ROBUST_LIST.get(os.uname().machine)
    head, length = ctypes.c_ulong(0), ctypes.c_ulong(0)
    try:
        syscall(call or -1, 0, ctypes.byref(head), ctypes.byref(length))
    except OSError:
        return 0
    address = head.value - _THREAD_ID_BEFORE_LIST if head.value else 0
    known = address and ctypes.c_int.from_address(address).value == threading.get_native_id()
    return address if known else 0


def mount(source: str, target: str, kind: str | None, flags: int, data: str = "") -> None:
    """mount(2). Raises OSError naming the target."""
    result = _libc.mount(
        source.encode(),
        target.encode(),
        kind.encode() if kind else None,
        ctypes.c_ulong(flags),
        data.encode(),
    )
    _check(result, f"mount {target}")


def umount_detached(target: str) -> None:
    """umount2(2) with MNT_DETACH: out of the tree now, gone with its last open file."""
    _check(_libc.umount2(target.encode(), ctypes.c_int(MNT_DETACH)), f"umount {target}")


def pivot_root(new: str, old: str) -> None:
    """pivot_root(2). Raises OSError."""
    _check(_libc.pivot_root(new.encode(), old.encode()), "pivot_root")


def restrict_mount(target: str, attributes: int, *, recursive: bool = False) -> None:
    """mount_setattr(2): add MOUNT_ATTR_* to a mount, remove none. Raises OSError (ENOSYS before 5.12)."""
    wanted = struct.pack("QQQQ", attributes, 0, 0, 0)
    flags = _AT_RECURSIVE if recursive else 0
    syscall(_SYS_MOUNT_SETATTR, _AT_FDCWD, target.encode(), flags, wanted, len(wanted))


def remount(target: str, attributes: int) -> None:
    """As `restrict_mount`, of this one mount, for gVisor, which has only the older call. Raises OSError."""
    mount("none", target, None, MS_REMOUNT | MS_BIND | attributes)  # the bits are the same


def resize_tmpfs(mount_fd: int, size_bytes: int, inodes: int) -> None:
    """Change the quota of the tmpfs whose root `mount_fd` is. Needs CAP_SYS_ADMIN where it was mounted."""
    handle = syscall(_SYS_FSPICK, mount_fd, b"", 0x1 | 0x8)  # CLOEXEC | EMPTY_PATH
    try:
        for key, value in ((b"size", size_bytes), (b"nr_inodes", inodes)):
            syscall(_SYS_FSCONFIG, handle, 1, key, str(value).encode(), 0)
        syscall(_SYS_FSCONFIG, handle, 7, None, None, 0)
    finally:
        os.close(handle)


def open_beneath(directory: int, path: str, flags: int) -> int:
    """openat2(2) that follows no link of any kind and cannot leave `directory`. Raises OSError."""
    flags |= os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    how = struct.pack("QQQ", flags, 0, 0x02 | 0x04 | 0x08)
    try:
        return syscall(_SYS_OPENAT2, directory, os.fsencode(path), how, len(how))
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
        return _open_by_steps(directory, path, flags)


def _open_by_steps(directory: int, path: str, flags: int) -> int:
    """The same where there is no openat2 (gVisor): no step goes up, and none follows a link."""
    *above, last = path.split("/")
    if path.startswith("/") or ".." in (*above, last):
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), path)
    opened = os.dup(directory)
    try:
        for name in above:
            inner = os.open(name or ".", _STEP, dir_fd=opened)
            os.close(opened)
            opened = inner
        return os.open(last or ".", flags, dir_fd=opened)
    finally:
        os.close(opened)


def drop_capabilities() -> None:
    """Empty the capability sets of this process, for good if it has no_new_privs. Raises OSError.

    The bounding set stays: it bounds what an exec could give, and no_new_privs lets an exec give nothing.
    """
    try:
        prctl(PR_CAP_AMBIENT, 4)
    except OSError as error:
        if error.errno != errno.EINVAL:  # gVisor has no ambient set
            raise
    header = struct.pack("Ii", 0x20080522, 0)
    _check(_libc.capset(header, bytes(24)), "capset")


def heed_signals() -> None:
    """Block no signal, and ignore none but what the interpreter ignores (SIGPIPE, SIGXFSZ).

    Both states outlive an exec, so what started the executor (nohup, a supervisor) would decide how programs
    end. Two numbers are the C library's own: it lets nobody set them, hence the raw call.
    """
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for number in set(signal.valid_signals()) - {signal.SIGKILL, signal.SIGSTOP}:
        if number not in (signal.SIGPIPE, signal.SIGXFSZ) and signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    if call := _SYS_RT_SIGACTION.get(os.uname().machine):
        for reserved in (32, 33):  # SIGCANCEL and SIGSETXID of glibc
            syscall(call, reserved, bytes(32), None, 8)


def die_with_parent() -> None:
    """SIGKILL for this process when the thread that forked it ends.

    Call after every change of credentials.
    """
    prctl(PR_SET_PDEATHSIG, 9)


def install_seccomp(instructions: bytes) -> None:
    """Load a classic BPF program (8 bytes an instruction) as this thread's filter; needs no_new_privs."""
    buffer = ctypes.create_string_buffer(instructions, len(instructions))
    program = struct.pack("HxxxxxxP", len(instructions) // 8, ctypes.addressof(buffer))
    program_buffer = ctypes.create_string_buffer(program, len(program))
    prctl(PR_SET_SECCOMP, 2, ctypes.addressof(program_buffer))
