"""A scope as the guard judges by it: its file, what stands beside it, and the actions that plans may use.

Knows that the three must fit together. Must not know where any of it lies, nor programs.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from guard_svc import own_actions
from guard_svc.modes import load_checked_scope
from placet.actions.catalogue import Catalogue, catalogue_for
from placet.actions.reading import ActionInvalid
from placet.scope import Companions, Scope, ScopeInvalid, check_companions
from placet.scope.style import read_style


@dataclass(frozen=True)
class Edition:
    """One scope with everything that its digest covers; `load_edition` makes it, whoever sent the parts."""

    scope: Scope
    files: Companions = field(default_factory=dict)
    catalogue: Catalogue | None = None
    """None where the scope's mode is `program`: then no plan is looked at."""


def load_edition(document: bytes, contents: Iterable[bytes] = ()) -> Edition:
    """The scope in `document`, with its companions from among `contents`; either may come from anybody.

    Raises ScopeInvalid with every problem: of the document, of its companions, and of all together.
    """
    scope = load_checked_scope(document)
    files = check_companions(scope, contents)
    catalogue, problems = _catalogue(scope, files)
    problems += _style_problems(scope, files)
    if problems:
        raise ScopeInvalid(problems)
    return Edition(scope, files, catalogue)


def _catalogue(scope: Scope, files: Companions) -> tuple[Catalogue | None, list[str]]:
    if scope.mode == "program":
        return None, []
    try:
        catalogue = catalogue_for(scope, files)
    except ActionInvalid as error:
        return None, list(error.problems)
    return catalogue, list(own_actions.problems_of(scope, files))


def _style_problems(scope: Scope, files: Companions) -> Iterator[str]:
    try:
        read_style(scope.style, files)
    except ScopeInvalid as error:
        yield from error.problems
