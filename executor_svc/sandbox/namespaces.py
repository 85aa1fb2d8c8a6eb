"""A private world for one run: namespaces, an unprivileged identity and a root with only what Python needs.

The root is built once, as a template in the steward's mount namespace; each cell gets a copy of that
namespace and adds its own disk. Two ways to the same result. As root the mounts are made first, by real root,
and the user namespace last, so that no capability inside it can touch a mount. As an ordinary user a user
namespace comes first, and each cell's own lies within it. Inside gVisor, where nobody can enter another's
namespaces, the template is the zygote's and each program process makes its cell by itself. Standard library
only.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from executor_svc.sandbox import kernel

SANDBOX_ID = 65534
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")
_STAGE = "/sys"  # a directory that exists everywhere and that the sandbox does not need
_QUOTA = "/quota"
_HOST_NAME = "sandbox"
_TEMPLATE = kernel.CLONE_NEWNS | kernel.CLONE_NEWUTS
_ISOLATED = kernel.CLONE_NEWNS | kernel.CLONE_NEWNET | kernel.CLONE_NEWIPC | kernel.CLONE_NEWUTS
_SEALED = kernel.MOUNT_ATTR_RDONLY | kernel.MOUNT_ATTR_NOSUID


@dataclass(frozen=True)
class Box:
    """The run's disk: its root (for the quota) and the working directory, as open directories."""

    root_fd: int
    work_fd: int


def places(readable: Sequence[str]) -> tuple[str, str]:
    """Where the working directory and the temporary files are.

    Usual names, unless the interpreter lies beneath.
    """
    wanted = ("/work", "/tmp")  # noqa: S108 - the sandbox's own
    taken = any(path == place or path.startswith(place + "/") for path in readable for place in wanted)
    return ("/box/work", "/box/tmp") if taken else wanted


def enter_template(readable: Sequence[str], *, gvisor: bool = False) -> None:
    """Move this process into namespaces whose root and whose host name are what every cell will see.

    Raises OSError where the kernel or the container refuses.
    """
    if os.geteuid() == 0:
        kernel.unshare(_TEMPLATE)
    else:
        uid, gid = os.geteuid(), os.getegid()
        kernel.unshare(kernel.CLONE_NEWUSER | _TEMPLATE)
        proc = os.open("/proc", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        _write_maps(proc, uid, gid)
        os.close(proc)
    socket.sethostname(_HOST_NAME)
    _build_root(readable, gvisor=gvisor)


def enter(proc: int, readable: Sequence[str], size_bytes: int, inodes: int) -> Box:
    """Move a keeper into namespaces of its cell's own, with a disk of `size_bytes` and `inodes`.

    `proc` is the open directory /proc, which the root does not have. Raises OSError.
    """
    if os.geteuid() == 0:
        kernel.unshare(_ISOLATED)
        box = _mount_box(*places(readable), f"size={size_bytes},nr_inodes={inodes}")
        become_nobody()
        kernel.prctl(kernel.PR_SET_DUMPABLE, 1)  # else the maps below belong to root
        kernel.unshare(kernel.CLONE_NEWUSER)
        _write_maps(proc, SANDBOX_ID, SANDBOX_ID)
    else:
        uid, gid = os.geteuid(), os.getegid()
        kernel.unshare(kernel.CLONE_NEWUSER | _ISOLATED)
        _write_maps(proc, uid, gid)
        box = _mount_box(*places(readable), f"size={size_bytes},nr_inodes={inodes}")
    kernel.prctl(kernel.PR_SET_DUMPABLE, 1)  # else the program process could not join
    return box


def enter_in_gvisor(proc: int, readable: Sequence[str], size_bytes: int) -> Box:
    """Move a program process into namespaces of its own, with a disk of `size_bytes`. Raises OSError.

    All but the pid namespace, into which it was forked. `proc` is as for `enter`. Who gives up root does so
    before the user namespace; without root the zygote's is around it already.
    """
    kernel.unshare(_ISOLATED)
    box = _mount_box(*places(readable), f"size={size_bytes}")
    if os.geteuid() == 0:
        become_nobody()
    kernel.prctl(kernel.PR_SET_DUMPABLE, 1)  # else the maps below belong to root
    kernel.unshare(kernel.CLONE_NEWUSER)
    _write_maps(proc, SANDBOX_ID, SANDBOX_ID)
    return box


def parent(proc: int) -> int:
    """Our parent's process id as the open directory /proc tells it, which is of an outer pid namespace."""
    handle = os.open("self/status", os.O_RDONLY | os.O_CLOEXEC, dir_fd=proc)
    with os.fdopen(handle, encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("PPid:"))


def join(keeper: int) -> None:
    """Move a program process into a keeper's namespaces, all but the pid namespace, into which it was forked.

    `keeper` is a pidfd. Raises OSError.
    """
    as_root = os.geteuid() == 0
    if as_root:
        os.setgroups([])
    kernel.setns(keeper, kernel.CLONE_NEWUSER | _ISOLATED)
    if as_root:
        os.setresgid(SANDBOX_ID, SANDBOX_ID, SANDBOX_ID)
        os.setresuid(SANDBOX_ID, SANDBOX_ID, SANDBOX_ID)


def become_nobody() -> None:
    """Give up root for the sandbox identity, for good."""
    os.setgroups([])
    os.setresgid(SANDBOX_ID, SANDBOX_ID, SANDBOX_ID)
    os.setresuid(SANDBOX_ID, SANDBOX_ID, SANDBOX_ID)


def _write_maps(proc: int, uid: int, gid: int) -> None:
    maps = (("setgroups", "deny"), ("uid_map", f"{SANDBOX_ID} {uid} 1"), ("gid_map", f"{SANDBOX_ID} {gid} 1"))
    for name, text in maps:
        try:
            _write(f"self/{name}", proc, text)
        except FileNotFoundError:
            if name != "setgroups":  # which gVisor does not have, nor ask for before the others
                raise


def _write(name: str, directory: int, text: str) -> None:
    handle = os.open(name, os.O_WRONLY | os.O_CLOEXEC, dir_fd=directory)
    try:
        os.write(handle, text.encode())
    finally:
        os.close(handle)


def _build_root(readable: Sequence[str], *, gvisor: bool) -> None:
    kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount("root", _STAGE, "tmpfs", kernel.MS_NOSUID, "mode=755,size=1m")
    bind_readable, bind_device = (_bind_one, _bind_open) if gvisor else (_bind_all, _bind_sealed)
    for path in readable:
        _put_readable(path, bind_readable)
    for device in DEVICES:
        _put_device(device, bind_device)
    work, tmp = places(readable)
    _write_identity(work)
    for place in (work, tmp, _QUOTA):
        Path(_STAGE + place).mkdir(parents=True, exist_ok=True)
    os.chdir(_STAGE)
    kernel.pivot_root(".", ".")
    kernel.umount_detached(".")
    os.chdir("/")
    seal = kernel.remount if gvisor else kernel.restrict_mount
    seal("/", _SEALED | kernel.MOUNT_ATTR_NODEV)


def _put_readable(path: str, bind: Callable[[str, str], None]) -> None:
    target = Path(_STAGE + path)
    if Path(path).is_symlink():  # /lib on merged systems
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(os.readlink(path))  # noqa: PTH115 - the text of the link, not a path
        return
    target.mkdir(parents=True, exist_ok=True)
    bind(path, str(target))


def _put_device(device: str, bind: Callable[[str, str], None]) -> None:
    target = Path(_STAGE + device)
    target.parent.mkdir(exist_ok=True)
    target.touch()
    bind(device, str(target))


def _bind_all(path: str, target: str) -> None:
    kernel.mount(path, target, None, kernel.MS_BIND | kernel.MS_REC)
    kernel.restrict_mount(target, _SEALED | kernel.MOUNT_ATTR_NODEV, recursive=True)


def _bind_one(path: str, target: str) -> None:
    """Without what is mounted beneath, since gVisor could not seal that."""
    kernel.mount(path, target, None, kernel.MS_BIND)
    kernel.remount(target, _SEALED | kernel.MOUNT_ATTR_NODEV)


def _bind_sealed(device: str, target: str) -> None:
    kernel.mount(device, target, None, kernel.MS_BIND)
    kernel.restrict_mount(target, _SEALED)  # of its mode and times; what is written to it passes


def _bind_open(device: str, target: str) -> None:
    """Not sealed: in gVisor nothing could be written to it. The filter keeps its mode and times."""
    kernel.mount(device, target, None, kernel.MS_BIND)


def _write_identity(home: str) -> None:
    etc = Path(_STAGE) / "etc"
    etc.mkdir(exist_ok=True)
    (etc / "passwd").write_text(f"sandbox:x:{SANDBOX_ID}:{SANDBOX_ID}::{home}:/nonexistent\n")
    (etc / "group").write_text(f"sandbox:x:{SANDBOX_ID}:\n")


def _mount_box(work: str, tmp: str, quota: str) -> Box:
    """One quota for the working directory and the temporary files; the box itself leaves the tree again."""
    flags = kernel.MS_NOSUID | kernel.MS_NODEV
    kernel.mount("box", _QUOTA, "tmpfs", flags, f"mode=755,{quota}")
    for name, where in (("work", work), ("tmp", tmp)):
        directory = f"{_QUOTA}/{name}"
        os.mkdir(directory)  # noqa: PTH102 - each page of pathlib that is touched is copied
        os.chmod(directory, 0o1777)  # noqa: PTH101, S103
        kernel.mount(directory, where, None, kernel.MS_BIND)
    opened = Box(
        os.open(_QUOTA, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC),
        os.open(f"{_QUOTA}/work", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC),
    )
    kernel.umount_detached(_QUOTA)
    return opened


def seal_inputs(work: str, names: Sequence[str]) -> None:
    """Make files of the working directory unwritable, unremovable and unreplaceable, as namespace owner."""
    for name in names:
        path = f"{work}/{name}"
        kernel.mount(path, path, None, kernel.MS_BIND)
        kernel.restrict_mount(path, _SEALED | kernel.MOUNT_ATTR_NODEV)
