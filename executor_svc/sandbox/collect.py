"""Placing inputs into a run's directory, and reading what the run left there after all of it is dead.

What is left is hostile: opened beneath the directory only, through no link, regular files only, within caps,
copied in constant memory, and never parsed. Everything here blocks. Knows no process and no namespace.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from executor_svc.sandbox import kernel
from executor_svc.sandbox.spool import CHUNK, Held, Spool
from executor_svc.sandbox.types import InputFile, RunArtifact, SandboxUnavailable, media_type_of

MAX_DEPTH = 4
"""Directories below the working directory in which artifacts are looked for."""

_MAX_SEEN = 10_000
_MAX_NAME = 255


@dataclass(frozen=True)
class Collected:
    """The artifacts, and whether there were more of them (or more bytes) than allowed."""

    artifacts: tuple[RunArtifact, ...]
    exceeded: bool

    async def release(self) -> None:
        """Let go of the artifacts' bytes."""
        for artifact in self.artifacts:
            await artifact.held.spool.release()


def place_inputs(directory: int, inputs: Collection[InputFile]) -> None:
    """Write the inputs, read-only, into a fresh working directory.

    Raises ValueError for a name that is a path, SandboxUnavailable if what went in is not what was digested,
    OSError.
    """
    for item in inputs:
        if not is_plain(item.name) or "/" in item.name:
            raise ValueError(f"the input name {item.name!r} is not a plain file name")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(item.name, flags, 0o444, dir_fd=directory)
        with os.fdopen(handle, "wb") as file:
            # Not sendfile(2): what it places would have to be read back to be digested.
            digest = hashlib.sha256()
            for chunk in item.held.chunks():
                digest.update(chunk)
                file.write(chunk)
            os.fchmod(file.fileno(), 0o444)
        if digest.digest() != item.sha256:
            raise SandboxUnavailable(f"the input {item.name!r} has changed while it was held")


def is_plain(name: str) -> bool:
    """Whether it is printable and fits into a directory; slashes are for the caller to look at."""
    if name in ("", ".", "..") or len(name.encode("utf-8", "replace")) > _MAX_NAME or not name.isprintable():
        return False
    return "\\" not in name and "\0" not in name


def is_artifact_name(name: str) -> bool:
    """Whether it is a relative path by which a file may be collected: plain names, and not too deep."""
    parts = name.split("/")
    return len(parts) <= MAX_DEPTH + 1 and all(map(is_plain, parts))


def _walk(directory: int, prefix: str, depth: int) -> Iterator[str]:
    """Relative names of regular files, never following a link. An unreadable directory has no names."""
    try:
        entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if not is_plain(entry.name):
            continue
        name = prefix + entry.name
        if entry.is_file(follow_symlinks=False):
            yield name
        elif entry.is_dir(follow_symlinks=False) and depth < MAX_DEPTH:
            try:
                inner = kernel.open_beneath(directory, entry.name, os.O_RDONLY | os.O_DIRECTORY)
            except OSError:
                continue
            try:
                yield from _walk(inner, f"{name}/", depth + 1)
            finally:
                os.close(inner)


def collect(directory: int, inputs: Collection[str], most_files: int, most_bytes: int) -> Collected:
    """New regular files beneath `directory`, in order of name, up to the caps.

    Call when all is dead: nothing changes meanwhile. Raises OSError when there is no room to hold them.
    """
    found: list[tuple[str, int]] = []
    exceeded, left = False, most_bytes
    for seen, name in enumerate(_walk(directory, "", 0)):
        if name in inputs:
            continue
        if len(found) >= most_files or seen >= _MAX_SEEN:
            exceeded = True
            break
        try:
            with _open(directory, name) as file:
                size = os.fstat(file.fileno()).st_size
        except OSError:
            continue  # a hard link or a file its owner made unreadable: not an artifact
        if size > left:
            exceeded = True
            continue
        left -= size
        found.append((name, size))
    return Collected(_hold(directory, found), exceeded)


def _open(directory: int, name: str) -> BinaryIO:
    """One regular file with no other name. Raises OSError if it is not ours to read."""
    file = os.fdopen(kernel.open_beneath(directory, name, os.O_RDONLY), "rb", buffering=0)
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
        file.close()
        raise PermissionError(name)
    return file


def _hold(directory: int, found: Sequence[tuple[str, int]]) -> tuple[RunArtifact, ...]:
    """Take copies of what was found; the directory can go then."""
    spool = Spool(sum(size for _, size in found))
    artifacts, start = [], 0
    for name, size in found:
        held = Held(spool, start, size)
        with _open(directory, name) as file:
            digest = _copy(file, held)
        artifacts.append(RunArtifact(name, digest, media_type_of(name), held))
        start += size
    return tuple(artifacts)


def _copy(file: BinaryIO, held: Held) -> bytes:
    """Fill `held` from a file and return the digest of what was put there."""
    digest, copied = hashlib.sha256(), 0
    while copied < held.size:
        chunk = file.read(min(CHUNK, held.size - copied))
        if not chunk:
            raise OSError(errno.EIO, "a file of the run has become shorter")
        held.spool.write(held.start + copied, chunk)
        digest.update(chunk)
        copied += len(chunk)
    return digest.digest()
