"""Scopes as the command line names them: by name, or by the path of a file.

Knows files and the client; what a scope may hold is placet/scope's business.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from placet.cli import beside
from placet.client import PlacetSync
from placet.inputs import refused
from placet.scope import MAX_DOCUMENT_BYTES, Companions, Scope, ScopeInvalid, load_scope


@dataclass(frozen=True)
class NamedScope:
    """A scope with what stands beside it, and where it came from."""

    scope: Scope
    origin: str
    files: Companions = field(default_factory=dict)


def is_path(named: str) -> bool:
    """Whether `--scope` names a file: a slash, or a YAML suffix."""
    return "/" in named or named.endswith((".yaml", ".yml"))


def read_scope(path: Path) -> Scope:
    """A scope file from disk. Raises ServiceError SCOPE_UNREADABLE or SCOPE_INVALID."""
    try:
        with path.open("rb") as file:
            return load_scope(file.read(MAX_DOCUMENT_BYTES + 1))
    except OSError as error:
        raise refused("SCOPE_UNREADABLE", f"{path} cannot be read: {error.strerror}") from error
    except ScopeInvalid as error:
        problems = "; ".join(error.problems)
        raise refused("SCOPE_INVALID", f"{path} is not a scope: {problems}") from error


def loaded_name(placet: PlacetSync, named: str) -> str:
    """The name of the loaded scope that a name or a path means.

    Raises:
        ServiceError: SCOPE_NOT_LOADED unless the file is, byte for byte, the scope that the guard has loaded.
    """
    if not is_path(named):
        return named
    scope = read_scope(Path(named))
    known = {ref.name: ref for ref in placet.scopes()}.get(scope.name)
    if known is None or known.sha256 != scope.sha256.hex():
        have = "no scope of that name" if known is None else f"version {known.version} with other bytes"
        raise refused(
            "SCOPE_NOT_LOADED",
            f"{named} holds scope {scope.name!r} version {scope.version}, and the guard has loaded {have}. "
            "Copy the file into the state's scopes directory and restart the stack, or name a loaded scope "
            "(`placet scope list`); `placet eval` and `placet scope test` take any file",
        )
    return scope.name


def named_scope(placet: PlacetSync | None, named: str) -> NamedScope:
    """A scope with its content, from a file or from the guard. `placet` may be None for files only.

    Raises ServiceError SCOPE_UNREADABLE, or SCOPE_INVALID also where a companion is missing or another.
    """
    if is_path(named):
        scope = read_scope(Path(named))
        return NamedScope(scope, named, _beside(Path(named), scope))
    if placet is None:
        raise refused("SCOPE_NAME_OFFLINE", f"{named!r} is a name; give the path of a file")
    found = placet.scope(named)
    origin = f"{found.ref.name} version {found.ref.version}"
    return NamedScope(load_scope(found.document), origin, found.files)


def _beside(path: Path, scope: Scope) -> Companions:
    try:
        return beside.companions(path, scope)
    except OSError as error:
        raise refused("SCOPE_UNREADABLE", f"what stands beside {path} cannot be read: {error}") from error
    except ScopeInvalid as error:
        raise refused("SCOPE_INVALID", f"{path}: {'; '.join(error.problems)}") from error
