"""The scopes this guard knows, and which caller may name which.

Knows the scope directory and the callers file, read once at start. Must not know programs.
"""

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import grpc
import yaml

from guard_svc.modes import load_checked_scope
from placet.rpc.errors import ServiceError
from placet.rpc.identity import Caller, service_uri
from placet.scope import Scope, ScopeInvalid

CONSOLE: Final = service_uri("console")
MAX_LISTED: Final = 20


class ScopesInvalid(ValueError):  # noqa: N818  (named for what it says)
    """The scope directory or the callers file cannot be used; `problems` says why, one by one."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True)
class ScopeBook:
    """Scopes by name, and per caller the globs of scope names it may use (None: everyone, every scope)."""

    scopes: Mapping[str, Scope]
    callers: Mapping[str, Sequence[str]] | None = None

    def listed_for(self, caller: Caller) -> list[Scope]:
        """The scopes a caller may name, by name."""
        return [scope for name, scope in sorted(self.scopes.items()) if self._may_use(caller, name)]

    def named_by(self, caller: Caller, name: str) -> Scope:
        """The scope a caller names.

        Raises ServiceError: NOT_FOUND/SCOPE_NOT_FOUND, PERMISSION_DENIED/SCOPE_NOT_ALLOWED.
        """
        available = ", ".join(scope.name for scope in self.listed_for(caller)[:MAX_LISTED]) or "none"
        if name not in self.scopes:
            raise ServiceError(
                grpc.StatusCode.NOT_FOUND,
                "SCOPE_NOT_FOUND",
                f"There is no scope {name[:100]!r}. {caller.path} may use: {available}.",
            )
        if not self._may_use(caller, name):
            raise ServiceError(
                grpc.StatusCode.PERMISSION_DENIED,
                "SCOPE_NOT_ALLOWED",
                f"{caller.path} may not use the scope {name!r}; it may use: {available}. "
                "Whoever runs this guard can add it to the callers file.",
            )
        return self.scopes[name]

    def _may_use(self, caller: Caller, name: str) -> bool:
        # Security staff look at every team's programs; the console asks for them.
        if self.callers is None or caller.kind == "reviewer" or caller.uri == CONSOLE:
            return True
        return any(fnmatch.fnmatchcase(name, glob) for glob in self.callers.get(caller.name, ()))


def load_scopes(directory: Path, callers_file: Path | None = None) -> ScopeBook:
    """Read every *.yaml of a directory. Raises ScopesInvalid with all problems; nothing is skipped."""
    problems: list[str] = []
    scopes: dict[str, Scope] = {}
    for path in sorted(directory.glob("*.yaml")):
        try:
            _add(scopes, load_checked_scope(path.read_bytes()))
        except (OSError, ValueError) as error:
            problems.extend(f"{path}: {problem}" for problem in _reasons(error))
    if not scopes and not problems:
        problems.append(f"{directory} holds no *.yaml; put at least one scope there")
    callers = _load_callers(callers_file, problems)
    if problems:
        raise ScopesInvalid(problems)
    return ScopeBook(scopes, callers)


def _add(scopes: dict[str, Scope], scope: Scope) -> None:
    """Keep the newest version of each name; of two files with one version it were chance which counts."""
    other = scopes.get(scope.name)
    if other is not None and other.version == scope.version and other.sha256 != scope.sha256:
        raise ValueError(
            f"{scope.name} version {scope.version} stands in another file too; raise one version"
        )
    if other is None or scope.version > other.version:
        scopes[scope.name] = scope


def _reasons(error: Exception) -> Sequence[str]:
    return error.problems if isinstance(error, ScopeInvalid) else (str(error),)


def _load_callers(path: Path | None, problems: list[str]) -> Mapping[str, Sequence[str]] | None:
    if path is None:
        return None
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        problems.append(f"{path}: cannot be read: {error}")
        return {}
    if not isinstance(data, dict) or not all(_is_entry(name, globs) for name, globs in data.items()):
        problems.append(f"{path}: must map caller names to lists of scope names, such as `local: ['data-*']`")
        return {}
    return data


def _is_entry(name: object, globs: object) -> bool:
    return isinstance(name, str) and isinstance(globs, list) and all(isinstance(glob, str) for glob in globs)
