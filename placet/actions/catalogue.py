"""The actions that plans of one scope may use: the built-in ones, a team's own, and what is picked from them.

Knows files of actions and how names among them resolve (docs/actions-format.md §1.4, §1.5, §4.5). Must not
know plans.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from typing import Final

from placet.actions.action import Action, Definition
from placet.actions.canonical import canonical
from placet.actions.reading import ActionFile, ActionInvalid, read_actions
from placet.scope.companions import Companions
from placet.scope.schema import Scope

FORMAT_VERSION: Final = 1
MAX_OWN_BYTES: Final = 128 * 1024
_LIBRARY: Final = "placet.actions.library"


@dataclass(frozen=True)
class SmallestGroup:
    """The contract's `min_group`: no group of fewer rows leaves, and the column `count` says how many."""

    size: int
    count: str


@dataclass(frozen=True)
class Catalogue:
    """A vocabulary for plans. Made by `make_catalogue` only, so that all names in it resolve."""

    actions: Mapping[str, Action] = field(repr=False)
    """Those that plans may use, by name, in the order of their files."""
    definitions: Mapping[str, Definition] = field(repr=False)
    """All that their sources may need, these actions included."""
    group: SmallestGroup | None
    sha256: bytes
    """32 bytes: names it in programs and records."""
    own: tuple[str, ...] = ()
    """The names of the team's own actions, whether or not plans may use them."""


def catalogue_for(scope: Scope, companions: Companions) -> Catalogue:
    """The catalogue of a scope whose companions were read.

    Raises ActionInvalid with every problem in the scope's own files, and in `actions.only`.
    """
    contract = scope.outputs.contract
    least = contract.min_group if contract else None
    return make_catalogue(
        own={name: companions[name] for name in scope.actions.own},
        only=scope.actions.only,
        group=SmallestGroup(least.size, least.count) if least else None,
    )


def make_catalogue(
    *,
    own: Mapping[str, bytes] | None = None,
    only: Iterable[str] = (),
    group: SmallestGroup | None = None,
    library: Mapping[str, bytes] | None = None,
) -> Catalogue:
    """Read and join the files. `own` may come from anybody; `library` is the built-in one unless it is given.

    Raises ActionInvalid with every problem, each with file and line.
    """
    sources = built_in_sources() if library is None else library
    own = dict(sorted((own or {}).items()))  # one digest, one order, one program
    _check_size(own)
    built_in, added = _Files(_read_all(sources)), _Files(_read_all(own))
    problems: list[str] = [*_clashes(built_in, added), *_unresolved(built_in, built_in.definitions)]
    problems += _unresolved(added, {name: each.definition for name, each in built_in.actions.items()})
    actions = {**built_in.actions, **added.actions}
    picked = tuple(only)
    problems += [
        f"actions.only: there is no action {name!r}; `placet actions list` tells which there are"
        for name in picked
        if name not in actions
    ]
    if problems:
        raise ActionInvalid(problems)
    return Catalogue(
        actions={name: each for name, each in actions.items() if not picked or name in picked},
        definitions={**built_in.definitions, **added.definitions},
        group=group,
        sha256=_digest(sources, own, picked, group),
        own=tuple(added.actions),
    )


def _check_size(own: Mapping[str, bytes]) -> None:
    """Before anything is read: whoever checks a scope spends seconds on each 64 KiB, and nothing stops it."""
    size = sum(map(len, own.values()))
    if size > MAX_OWN_BYTES:
        raise ActionInvalid(
            [f"actions.own: {size} bytes together; at most {MAX_OWN_BYTES} are allowed; leave files out"]
        )


@cache
def built_in_sources() -> Mapping[str, bytes]:
    """The files of the built-in actions, by name."""
    listed = sorted(files(_LIBRARY).iterdir(), key=lambda entry: entry.name)
    return {
        entry.name: entry.read_bytes()
        for entry in listed
        if entry.name.endswith(".py") and entry.name != "__init__.py"
    }


@lru_cache(maxsize=256)  # the built-in files, and each scope's own
def _read(name: str, content: bytes) -> ActionFile:
    return read_actions(name, content)


def _read_all(sources: Mapping[str, bytes]) -> dict[str, ActionFile]:
    found: dict[str, ActionFile] = {}
    problems: list[str] = []
    for name, content in sources.items():
        try:
            found[name] = _read(name, content)
        except ActionInvalid as error:
            problems += error.problems
    if problems:
        raise ActionInvalid(problems)
    return found


@dataclass(frozen=True)
class _Files:
    """Several files as one vocabulary."""

    files: Mapping[str, ActionFile]

    @cached_property
    def actions(self) -> dict[str, Action]:
        return {name: each for file in self.files.values() for name, each in file.actions.items()}

    @cached_property
    def definitions(self) -> dict[str, Definition]:
        return {name: each for file in self.files.values() for name, each in file.definitions.items()}


def _clashes(*groups: _Files) -> Iterator[str]:
    seen: dict[str, Definition] = {}
    for definition in (
        each for group in groups for file in group.files.values() for each in file.definitions.values()
    ):
        before = seen.setdefault(definition.name, definition)
        same = before.kind == definition.kind == "import" and before.source == definition.source
        if before is not definition and not same:
            yield f"{definition.place}: {definition.name} is defined in {before.place} too; rename it"


def _unresolved(group: _Files, outside: Mapping[str, Definition]) -> Iterator[str]:
    for name, file in group.files.items():
        # Built-in files share helpers; a team's files stand each for itself.
        known = group.definitions if outside is group.definitions else {**outside, **file.definitions}
        for definition in file.definitions.values():
            missing = [used for used in definition.uses if used not in known]
            lines = _lines_of(definition) if missing else {}
            for used in missing:
                line = lines.get(used, _first_line(definition))
                yield f"{name}:{line}: {used} is not defined; define it in this file, or import it"


def _lines_of(definition: Definition) -> Mapping[str, int]:
    """The line of the file in which the definition says each word first."""
    found: dict[str, int] = {}
    for number, line in enumerate(definition.source.split("\n"), _first_line(definition)):
        for word in re.findall(r"\w+", line):
            found.setdefault(word, number)
    return found


def _first_line(definition: Definition) -> int:
    return int(definition.place.rpartition(":")[2])


def _digest(
    library: Mapping[str, bytes], own: Mapping[str, bytes], only: tuple[str, ...], group: SmallestGroup | None
) -> bytes:
    def digests(sources: Mapping[str, bytes]) -> dict[str, str]:
        return {name: hashlib.sha256(content).hexdigest() for name, content in sources.items()}

    document = {
        "version": FORMAT_VERSION,
        "only": sorted(only),
        "library": digests(library),
        "own": digests(own),
        "min_group": {"size": group.size, "count": group.count} if group else {},
    }
    return hashlib.sha256(canonical(document)).digest()
