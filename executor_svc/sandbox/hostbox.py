"""The run's disk where namespaces are not allowed (T0): a directory on the host.

Everything in it is the program's and may be hostile, such as a tree thousands of directories deep, so nothing
here recurses. Trusted side.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from pathlib import Path

from executor_svc.sandbox import cgroup, kernel

PREFIX = "placet-box-"
_DEEPEST = 64
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def fresh() -> Path:
    """A fresh directory, named so that the next start can tell whether it is a leftover."""
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{cgroup.process_mark(os.getpid())}-"))


def create() -> Path:
    """A box with `work` and `tmp`, where the sandbox user can create but not replace what others own."""
    box = fresh()
    box.chmod(0o711)
    for name in ("work", "tmp"):
        (box / name).mkdir()
        (box / name).chmod(0o1777)
    return box


def measure(directory: int, most_files: int, *, sizes: bool = True) -> tuple[int, int]:
    """Allocated bytes (0 unless `sizes` are asked for) and entries beneath an open directory.

    More than `most_files` when it is too deep, or when a part of it was made unreadable: who can say what is
    hidden there.
    """
    used = files = 0
    pending = [(".", 0)]
    while pending:
        path, depth = pending.pop()
        try:
            handle = kernel.open_beneath(directory, path, os.O_RDONLY | os.O_DIRECTORY)
            try:
                for entry in os.scandir(handle):
                    files += 1
                    if sizes:
                        used += entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        pending.append((f"{path}/{entry.name}", depth + 1))
            finally:
                os.close(handle)
        except PermissionError:
            return used, most_files + 1
        except OSError:
            continue  # removed meanwhile: the rest is still counted
        if files > most_files or depth > _DEEPEST:
            return used, most_files + 1
    return used, files


def remove(path: Path) -> None:
    """Remove a box whatever is in it. Call when every process that could write to it is dead."""
    try:
        handle = os.open(path, _DIRECTORY)
    except FileNotFoundError:
        return
    try:
        _empty(handle)
    finally:
        os.close(handle)
    path.rmdir()


def _empty(top: int) -> None:
    """Empty a directory by lifting what its directories hold to the top, level by level."""
    while names := os.listdir(top):
        for name in names:
            try:
                os.unlink(name, dir_fd=top)
            except (IsADirectoryError, PermissionError):
                _lift(top, name, secrets.token_hex(8))


def _lift(top: int, name: str, prefix: str) -> None:
    os.chmod(name, 0o700, dir_fd=top)
    handle = os.open(name, _DIRECTORY, dir_fd=top)
    try:
        for number, inner in enumerate(os.listdir(handle)):  # noqa: PTH208
            status = os.stat(inner, dir_fd=handle, follow_symlinks=False)
            if status.st_mode & 0o170000 == 0o040000:
                os.chmod(inner, 0o700, dir_fd=handle)  # a directory is only moved by who may write to it
            os.rename(inner, f"{prefix}-{number}", src_dir_fd=handle, dst_dir_fd=top)
    finally:
        os.close(handle)
    os.rmdir(name, dir_fd=top)


def sweep() -> None:
    """Remove boxes of executors that were killed: ours by owner, dead by process mark."""
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        mark = "-".join(path.name.removeprefix(PREFIX).split("-")[:2])
        pid = mark.split("-")[0]
        dead = pid.isdigit() and cgroup.process_mark(int(pid)) != mark
        with contextlib.suppress(OSError):
            if dead and path.lstat().st_uid == os.geteuid() and not path.is_symlink():
                remove(path)
