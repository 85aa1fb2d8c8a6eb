"""The one folder whose files an agent may name: what lies in it directly, and nothing behind a link.

Names come from a model. A file is opened beneath the folder's own descriptor, by a bare name, and never
through a link, so that no name leads elsewhere and nothing can be exchanged between look and use.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from placet.inputs import MAX_INPUT_BYTES, Input, refused

MAX_NAMED: Final = 100
"""How many names a model is shown; others can be asked for all the same."""


@dataclass(frozen=True)
class Folder:
    """A directory, opened anew for each use."""

    path: Path

    def names(self) -> tuple[str, ...]:
        """The first hundred files, by name; none when the folder cannot be read."""
        try:
            with self._opened() as descriptor, os.scandir(descriptor) as entries:
                found = sorted(e.name for e in entries if _plain(e.name) and e.is_file(follow_symlinks=False))
        except OSError:
            return ()
        return tuple(found[:MAX_NAMED])

    def read(self, name: str) -> Input:
        """One file of the folder.

        Raises ServiceError: FILE_UNKNOWN unless there is such a regular file, INPUT_TOO_LARGE.
        """
        try:
            content = self._bytes(name) if _plain(name) else None
        except OSError:
            content = None
        if content is None:
            raise refused("FILE_UNKNOWN", f"there is no file {name[:128]!r} in the folder; {self._hint()}")
        if len(content) > MAX_INPUT_BYTES:
            raise refused("INPUT_TOO_LARGE", f"{name!r} has more than {MAX_INPUT_BYTES >> 20} MiB")
        return Input(name, content)

    def _bytes(self, name: str) -> bytes | None:
        """None for what is no regular file. Raises OSError."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe would make us wait
        with self._opened() as directory, open(os.open(name, flags, dir_fd=directory), "rb") as file:  # noqa: PTH123  (beneath a descriptor)
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return None
            return file.read(MAX_INPUT_BYTES + 1)

    def _hint(self) -> str:
        names = self.names()
        return f"it has {', '.join(names)}" if names else "it is empty"

    @contextmanager
    def _opened(self) -> Iterator[int]:
        descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def _plain(name: str) -> bool:
    """A bare name that is shown to people and models alike: no path, not hidden."""
    return bool(name) and not name.startswith(".") and "/" not in name and name.isprintable()
