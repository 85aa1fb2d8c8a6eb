"""The scope that a program was judged by, beside the one of that name now.

Knows scopes and the verdict's record. Pure: what is loaded now is handed in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from audit_svc.console.attempts import Attempt
from audit_svc.console.difference import Row, differences
from placet.audit.ocsf_objects import number, text
from placet.scope import Scope, ScopeInvalid, load_scope
from placet.scope.comparison import Comparison, compare


@dataclass(frozen=True)
class Judged:
    """What the verdict's record names, as far as its document is known."""

    name: str
    version: int
    sha256: str
    document: bytes | None
    """As it was judged by: from the record, or from the loaded scope of the same digest."""
    scope: Scope | None
    now: Scope | None
    """The loaded scope of that name."""
    comparison: Comparison | None
    """What would change for programs if they were judged today; None when it cannot be told."""
    changes: tuple[Row, ...] = ()
    """The two documents line by line; nothing when they are the same."""

    @property
    def same(self) -> bool:
        """Whether what is loaded now is what was judged by."""
        return self.now is not None and self.now.sha256.hex() == self.sha256


def judged_by(attempt: Attempt, loaded: Mapping[str, Scope]) -> Judged | None:
    """The scope of an attempt's verdict; None when the guard reached none. `loaded` is by name."""
    item = attempt.judged
    named = item.body.get("scope") if item else None
    if item is None or not isinstance(named, Mapping):
        return None
    name, sha256 = text(named, "name"), text(named, "sha256")
    now = loaded.get(name)
    document = _document(item.bodies.get("scope"), now, sha256)
    scope = _scope(document)
    differ = document is not None and now is not None and now.document != document
    return Judged(
        name=name,
        version=number(named, "version") or 0,
        sha256=sha256,
        document=document,
        scope=scope,
        now=now,
        comparison=compare(scope, now) if scope and now else None,
        changes=tuple(differences(document, now.document) or ()) if differ and document and now else (),
    )


def _document(recorded: bytes | None, now: Scope | None, sha256: str) -> bytes | None:
    """Whichever of the two has the digest that the verdict names."""
    candidates = (recorded, now.document if now else None)
    found = (each for each in candidates if each is not None and hashlib.sha256(each).hexdigest() == sha256)
    return next(found, None)


def _scope(document: bytes | None) -> Scope | None:
    try:
        return load_scope(document) if document is not None else None
    except ScopeInvalid:
        return None
