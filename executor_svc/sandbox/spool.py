"""Bytes on their way through the executor, between the network and a run's disk.

Few are held in memory. Many are held in a file without a name: it costs disk and not memory, nobody else can
open it, and it is gone with this process whatever happens. Knows no input, no artifact and no run.
"""

from __future__ import annotations

import errno
import os
import tempfile
import weakref
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Final

from executor_svc.sandbox import aio

IN_MEMORY: Final = 1 << 20
"""Bytes up to which a spool is held in memory."""
CHUNK: Final = 256 * 1024
"""Bytes that are read at once."""


class Spool:
    """Room for `size` bytes, which are written once and do not change after that.

    Its methods block for as long as the disk takes if it is `on_disk`. What it holds is gone when it is
    closed, and otherwise with the last that holds it.
    """

    def __init__(self, size: int) -> None:
        """Take all of the room at once.

        Raises OSError, ENOSPC when that would take more than half of what is free: others write to that disk,
        and some of them must not fail.
        """
        self.size = size
        self.on_disk = is_large(size)
        self._memory = bytearray(0 if self.on_disk else size)
        self._handle = -1
        if self.on_disk:
            self._handle = _nameless_file()
            self._release = weakref.finalize(self, os.close, self._handle)
            try:
                _take_room(self._handle, size)
            except BaseException:
                self.close()
                raise

    def write(self, position: int, data: bytes) -> None:
        """Put `data` there. Raises OSError; ValueError outside the room."""
        self._check(position, len(data))
        if self.on_disk:
            rest = memoryview(data)
            while rest:
                written = os.pwrite(self._handle, rest, position)
                rest, position = rest[written:], position + written
        else:
            self._memory[position : position + len(data)] = data

    def read(self, position: int, length: int) -> bytes:
        """The bytes from there, all of them. Raises OSError; ValueError outside the room."""
        self._check(position, length)
        if not self.on_disk:
            return bytes(self._memory[position : position + length])
        parts = []
        while length:
            part = os.pread(self._handle, length, position)
            if not part:
                raise OSError(errno.EIO, "a spool has become shorter")
            parts.append(part)
            position, length = position + len(part), length - len(part)
        return b"".join(parts)

    def close(self) -> None:
        """Give the room back. Idempotent; nothing can be read after it."""
        self.size = 0
        self._memory = bytearray()
        if self._handle >= 0:
            self._handle = -1
            self._release()

    async def release(self) -> None:
        """As `close`, without blocking the event loop: a large file takes a while to be no more."""
        await aio.call(self.close, in_thread=self._handle >= 0)

    def _check(self, position: int, length: int) -> None:
        if not 0 <= position <= position + length <= self.size:
            raise ValueError(f"{length} bytes at {position} are not within a spool of {self.size}")


@dataclass(frozen=True, eq=False)
class Held:
    """A stretch of a spool: one file's bytes."""

    spool: Spool
    start: int
    size: int

    def chunks(self) -> Iterator[bytes]:
        """The bytes in order, at most CHUNK at once. Blocking; raises OSError."""
        for start, length in self._stretches():
            yield self.spool.read(start, length)

    async def stream(self) -> AsyncIterator[bytes]:
        """The same without blocking the event loop."""
        for start, length in self._stretches():
            yield await aio.call(self.spool.read, start, length, in_thread=self.spool.on_disk)

    def _stretches(self) -> Iterator[tuple[int, int]]:
        end = self.start + self.size
        return ((start, min(CHUNK, end - start)) for start in range(self.start, end, CHUNK))


def held(content: bytes) -> Held:
    """Bytes that are at hand, in a spool of their own. Raises OSError."""
    spool = Spool(len(content))
    spool.write(0, content)
    return Held(spool, 0, len(content))


def is_large(size: int) -> bool:
    """Whether so many bytes are held on disk, and worth a thread when they are copied."""
    return size > IN_MEMORY


def _nameless_file() -> int:
    with tempfile.TemporaryFile(buffering=0) as file:
        return os.dup(file.fileno())


def _take_room(handle: int, size: int) -> None:
    disk = os.fstatvfs(handle)
    if size > disk.f_bavail * disk.f_frsize // 2:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.posix_fallocate(handle, 0, size)
