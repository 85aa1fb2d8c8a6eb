"""Replace a small file so that a crash leaves the old content or the new one, and never neither.

Knows temporary files, fsync and rename. Must not know what a file is for.
"""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path
from typing import Final

_AT_FDCWD: Final = -100
_RENAME_EXCHANGE: Final = 2
_CANNOT_EXCHANGE: Final = frozenset({errno.ENOENT, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP})
"""There is no file yet, or this file system or kernel has no such call."""
_libc = ctypes.CDLL(None, use_errno=True)


def replace_file(path: Path, text: str) -> None:
    """Durable when it returns; for its owner only. Raises OSError, and either content may then stand."""
    scratch = path.with_name(f".{path.name}.new")
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)
    sync_directory(path.parent)


def exchange_file(path: Path, text: str, scratch: Path) -> None:
    """As `replace_file`, for a file that is replaced many times a second; readable for everybody.

    `scratch`, beside it, stays, with what was there before, and is written over the next time: nothing is
    allocated and nothing freed, which takes half the time. One writer for each `scratch`. Raises OSError.
    """
    content = text.encode()
    handle = _scratch(scratch)
    try:
        if os.pwrite(handle, content, 0) != len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(scratch))
        if os.fstat(handle).st_size != len(content):
            os.ftruncate(handle, len(content))
        os.fdatasync(handle)
    finally:
        os.close(handle)
    if not _exchange(scratch, path):
        scratch.replace(path)
    sync_directory(path.parent)  # before `scratch` is written over: until then it may be what a crash leaves


def _scratch(path: Path) -> int:
    """To be written over; anew where it was somebody else's file: who restored one may have been root."""
    how = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
    try:
        return os.open(path, how, 0o644)
    except PermissionError:
        path.unlink()
        return os.open(path, how, 0o644)


def _exchange(one: Path, other: Path) -> bool:
    """Whether both names have changed places, which no crash leaves half done. Raises OSError."""
    try:
        renameat2 = _libc.renameat2
    except AttributeError:
        return False
    if renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in _CANNOT_EXCHANGE:
        return False
    raise OSError(code, os.strerror(code), str(other))


def sync_directory(directory: Path) -> None:
    """Make what was created, renamed or removed in a directory durable. Raises OSError."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
