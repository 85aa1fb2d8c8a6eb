"""Searches that people keep under a name, each for themselves. Knows a small file; must not know pages.

Nothing depends on a view: it is a search that its owner need not type again. So the file is replaced as a
whole, and one that cannot be read is none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import structlog

from audit_svc.console.search import Search
from placet.rpc.server import write_atomically

MAX_VIEWS: Final = 30
"""Of each person; beyond that the oldest goes."""
MAX_NAME: Final = 60

_log = structlog.get_logger()


@dataclass(frozen=True)
class View:
    """A name, and the search as it stands in the URL."""

    name: str
    query: str


BUILT_IN: Final = (
    View("Denied in 24 hours", Search(verdict="DENIED", since="24h").url),
    View("Denied in 7 days", Search(verdict="DENIED", since="7d").url),
    View("For review", Search(verdict="NEEDS_REVIEW").url),
)


class Views:
    """In `path`, or without one until the console stops."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._views = _read(path)

    def of(self, person: str) -> list[View]:
        """A person's own, by name."""
        return sorted(self._views.get(person, []), key=lambda view: view.name)

    def keep(self, person: str, view: View) -> None:
        """Add it, or replace the one of that name. Raises OSError."""
        others = [each for each in self._views.get(person, []) if each.name != view.name]
        self._views[person] = [*others, view][-MAX_VIEWS:]
        self._write()

    def remove(self, person: str, name: str) -> None:
        """Forget it. Raises OSError."""
        self._views[person] = [each for each in self._views.get(person, []) if each.name != name]
        self._write()

    def _write(self) -> None:
        if self._path:
            kept = {person: [asdict(view) for view in views] for person, views in self._views.items()}
            write_atomically(self._path, json.dumps(kept))


def _read(path: Path | None) -> dict[str, list[View]]:
    if path is None or not path.exists():
        return {}
    try:
        found: Mapping[str, list[dict[str, str]]] = json.loads(path.read_text())
        return {person: [View(**view) for view in views] for person, views in found.items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        _log.warning("views_not_read", file=str(path), error=str(error))
        return {}
