"""The scopes this guard knows, and which caller may name which.

Knows the scope directory and the callers file, read once at start. Must not know programs.
"""

import contextlib
import fnmatch
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import grpc
import yaml

from guard_svc.editions import Edition, load_edition
from placet.rpc.errors import ServiceError
from placet.rpc.identity import Caller, service_uri
from placet.scope import Scope, ScopeInvalid, load_scope
from placet.scope.companions import MAX_FILE_BYTES, contents_below, named_in
from placet.scope.directory import scope_files

CONSOLE: Final = service_uri("console")
MAX_LISTED: Final = 20
OTHERS: Final = "*"
"""In the callers file: whoever of product teams is not named. It can be no caller's name."""


class ScopesInvalid(ValueError):  # noqa: N818  (named for what it says)
    """The scope directory or the callers file cannot be used; `problems` says why, one by one."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True)
class ScopeBook:
    """Scopes by name, and per caller the globs of scope names it may use (None: everyone, every scope)."""

    editions: Mapping[str, Edition]
    callers: Mapping[str, Sequence[str]] | None = None

    def listed_for(self, caller: Caller) -> list[Scope]:
        """The scopes a caller may name, by name."""
        return [each.scope for name, each in sorted(self.editions.items()) if self._may_use(caller, name)]

    def companions_for(self, caller: Caller) -> Iterator[bytes]:
        """What stands beside the caller's scopes: for another edition of one, tried with the same files.

        Of others' not even the digest gets anything out: what is wrong with a file is told to who sent it.
        """
        allowed = (edition for name, edition in self.editions.items() if self._may_use(caller, name))
        return (content for edition in allowed for content in edition.files.values())

    def named_by(self, caller: Caller, name: str) -> Edition:
        """The scope a caller names.

        Raises ServiceError: NOT_FOUND/SCOPE_NOT_FOUND, PERMISSION_DENIED/SCOPE_NOT_ALLOWED.
        """
        available = ", ".join(scope.name for scope in self.listed_for(caller)[:MAX_LISTED]) or "none"
        if name not in self.editions:
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
        return self.editions[name]

    def _may_use(self, caller: Caller, name: str) -> bool:
        # Security staff look at every team's programs; the console asks for them.
        if self.callers is None or caller.kind == "reviewer" or caller.uri == CONSOLE:
            return True
        others = self.callers.get(OTHERS, ()) if caller.kind == "caller" else ()
        return any(fnmatch.fnmatchcase(name, glob) for glob in self.callers.get(caller.name, others))


def load_scopes(directory: Path, callers_file: Path | None = None) -> ScopeBook:
    """Read every scope file of a directory, and what stands beside it there or in directories below.

    Raises ScopesInvalid with all problems; nothing is skipped but what a scope names as its companion.
    """
    problems: list[str] = []
    editions: dict[str, Edition] = {}
    documents = _documents(directory, callers_file, problems)
    contents = list(contents_below(directory))
    named = named_in(documents.values())
    for path, document in documents.items():
        if hashlib.sha256(document).hexdigest() in named:
            problems.extend(_hidden(path, document))
            continue
        try:
            _add(editions, load_edition(document, contents))
        except ValueError as error:
            problems.extend(f"{path}: {problem}" for problem in _reasons(error))
    if not editions and not problems:
        problems.append(f"{directory} holds no *.yaml or *.yml; put at least one scope there")
    callers = _load_callers(callers_file, problems)
    if problems:
        raise ScopesInvalid(problems)
    return ScopeBook(editions, callers)


def _documents(directory: Path, but: Path | None, problems: list[str]) -> dict[Path, bytes]:
    found = {}
    try:
        paths = [path for path in scope_files(directory) if path != but]
    except OSError as error:
        problems.append(f"{directory}: {error}")
        return {}
    for path in paths:
        try:
            found[path] = _head(path, MAX_FILE_BYTES)
        except OSError as error:
            problems.append(f"{path}: {error}")
    return found


def _head(path: Path, most: int) -> bytes:
    """A file that is larger than `most` bytes gives one byte more, and so fits no digest and no format."""
    with path.open("rb") as file:
        return file.read(most + 1)


def _hidden(path: Path, document: bytes) -> Iterator[str]:
    """A scope that another names as its companion would be gone without a word."""
    with contextlib.suppress(ScopeInvalid):
        name = load_scope(document).name
        yield f"{path}: holds the scope {name}, which another scope names in its files; take it out there"


def _add(editions: dict[str, Edition], edition: Edition) -> None:
    """Keep the newest version of each name; of two files with one version it were chance which counts."""
    scope = edition.scope
    other = editions[scope.name].scope if scope.name in editions else None
    if other is not None and other.version == scope.version and other.sha256 != scope.sha256:
        raise ValueError(
            f"{scope.name} version {scope.version} stands in another file too; raise one version"
        )
    if other is None or scope.version > other.version:
        editions[scope.name] = edition


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
