"""What stands beside a scope's file: the companions that it names, as the command line finds them.

Knows directories. Services find companions by digest alone (docs/scope-format.md, Companions); whoever works
on a scope has them under their names: in the scope's directory, in one below it, or in one beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from placet.scope import Companions, Scope, check_companions
from placet.scope.companions import MAX_FILE_BYTES

_NEAR: Final = ("", "*/", "*/*/", "../*/")


def places(directory: Path, name: str) -> Iterator[Path]:
    """Files of that name, the nearest first. `name` is a bare file name, as scopes have them."""
    for near in _NEAR:
        yield from sorted(path for path in directory.glob(f"{near}{name}") if path.is_file())


def companions(path: Path, scope: Scope) -> Companions:
    """All that the scope in the file at `path` names. Raises ScopeInvalid with every problem, OSError."""
    found = (place for name in scope.files for place in places(path.parent, name))
    return check_companions(scope, (content_of(place) for place in found))


def content_of(path: Path) -> bytes:
    """A companion's bytes; of a file that is too large one byte more than may be. Raises OSError."""
    with path.open("rb") as file:
        return file.read(MAX_FILE_BYTES + 1)
