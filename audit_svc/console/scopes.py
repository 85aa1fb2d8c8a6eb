"""The scopes that are loaded now: files of a directory, read when somebody asks.

Knows scope files. Must not know programs or verdicts. A file that is no scope is left out.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from placet.scope import Scope, ScopeInvalid, load_scope
from placet.scope.directory import scope_files


class Scopes:
    """What lies in the guard's scope directory, or a copy of it."""

    def __init__(self, directory: Path | None) -> None:
        """None: the console was not told where scopes are, and knows none."""
        self._directory = directory

    def all(self) -> list[Scope]:
        """The loaded scopes by name, of each the highest version. None when the directory cannot be read."""
        try:
            paths = scope_files(self._directory) if self._directory else []
            documents = [path.read_bytes() for path in paths]
        except OSError:
            return []
        newest: dict[str, Scope] = {}
        for scope in filter(None, map(_scope, documents)):
            if scope.name not in newest or newest[scope.name].version < scope.version:
                newest[scope.name] = scope
        return [newest[name] for name in sorted(newest)]

    def named(self, name: str) -> Scope | None:
        """The loaded scope of that name, if there is one."""
        return next((scope for scope in self.all() if scope.name == name), None)


@lru_cache(maxsize=256)
def _scope(document: bytes) -> Scope | None:
    """Read once: YAML takes milliseconds, and the files seldom change."""
    try:
        return load_scope(document)
    except ScopeInvalid:
        return None
