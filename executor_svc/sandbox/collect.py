"""Reading what a run left behind, after every process of it is dead.

Everything in the directory is hostile: opened beneath it only, through no link, regular files only, within
caps. Nothing is parsed. Knows no process and no namespace.
"""

from __future__ import annotations

import hashlib
import mimetypes
import os
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from executor_svc.sandbox import kernel
from executor_svc.sandbox.types import InputFile, RunArtifact

MAX_DEPTH = 4
"""Directories below the working directory in which artifacts are looked for."""

_MAX_SEEN = 10_000
_MAX_NAME = 255


@dataclass(frozen=True)
class Collected:
    """The artifacts, and whether there were more of them (or more bytes) than allowed."""

    artifacts: tuple[RunArtifact, ...]
    exceeded: bool


def place_inputs(directory: int, inputs: Collection[InputFile]) -> None:
    """Write the inputs, read-only, into a fresh working directory.

    Raises ValueError for a name that is a path.
    """
    for item in inputs:
        if not _is_plain(item.name) or "/" in item.name:
            raise ValueError(f"the input name {item.name!r} is not a plain file name")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(item.name, flags, 0o444, dir_fd=directory)
        with os.fdopen(handle, "wb") as file:
            file.write(item.content)
            os.fchmod(file.fileno(), 0o444)


def _is_plain(name: str) -> bool:
    if name in ("", ".", "..") or len(name.encode("utf-8", "replace")) > _MAX_NAME or not name.isprintable():
        return False
    return "\\" not in name and "\0" not in name


def _walk(directory: int, prefix: str, depth: int) -> Iterator[str]:
    """Relative names of regular files, never following a link. An unreadable directory has no names."""
    try:
        entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if not _is_plain(entry.name):
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


def _read(directory: int, name: str, most: int) -> bytes | None:
    """The content of one regular file of at most `most` bytes.

    None if larger; OSError if it is not ours to read.
    """
    handle = kernel.open_beneath(directory, name, os.O_RDONLY)
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
            raise PermissionError(name)
        if status.st_size > most:
            return None
        content = file.read(most + 1)
    return None if len(content) > most else content


def collect(directory: int, inputs: Collection[str], most_files: int, most_bytes: int) -> Collected:
    """New regular files beneath `directory`, in order of name, up to the caps.

    Blocking; call when all is dead.
    """
    artifacts: list[RunArtifact] = []
    exceeded, left = False, most_bytes
    for seen, name in enumerate(_walk(directory, "", 0)):
        if name in inputs:
            continue
        if len(artifacts) >= most_files or seen >= _MAX_SEEN:
            exceeded = True
            break
        try:
            content = _read(directory, name, left)
        except OSError:
            continue  # a hard link or a file its owner made unreadable: not an artifact
        if content is None:
            exceeded = True
            continue
        left -= len(content)
        media = mimetypes.guess_type(name, strict=True)[0] or "application/octet-stream"
        artifacts.append(RunArtifact(name, hashlib.sha256(content).digest(), media, content))
    return Collected(tuple(artifacts), exceeded)
