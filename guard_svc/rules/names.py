"""What each name of a program may stand for, without running it: the one door to bindings and constants.

Knows who answers which question. Must not know scopes or which names are dangerous. Answers are unions over
the whole program, whatever the order of statements: a name that is bound to `os` anywhere counts as `os`
everywhere. That can accuse, never overlook.
"""

import ast
import builtins
from typing import Final

from guard_svc.rules.bindings import Bindings
from guard_svc.rules.constants import Constants
from guard_svc.rules.fixpoint import Effort
from guard_svc.rules.fold import UNKNOWN, Value
from guard_svc.rules.fold_calls import CallFolder
from guard_svc.rules.outside import MODULE_NAMES, USUAL_ALIASES
from guard_svc.rules.passing import pass_arguments
from guard_svc.rules.resolution import Resolution, Thing
from guard_svc.walk import Walk

_BUILTINS: Final = frozenset(dir(builtins))


class Names:
    """Resolver for one program. `paths` gives dotted names, `values` constants."""

    def __init__(self, walk: Walk) -> None:
        self.effort = Effort()
        """How far names were followed; when that was not to the end, what follows from them is not known."""
        self.bindings = Bindings(walk)
        pass_arguments(self.bindings, walk, self.effort)
        self._resolution = Resolution(self.bindings, self.texts, self.effort)
        self._constants = Constants(self.bindings, self._resolution, self.effort)
        self._constants.fold_call = CallFolder(self._constants).fold
        self.paths = self._resolution.paths
        """Full dotted names that a node may evaluate to; empty when unknown. A call's result ends in `()`."""
        self.values = self._constants.values
        """Constants that a node may be; holds the string UNKNOWN where there may be others."""

    @property
    def overflowed(self) -> bool:
        """Whether a name had more meanings, or was further away, than was followed."""
        return bool(self.effort.exhausted)

    def is_bound(self, name: str) -> bool:
        """Whether the program binds `name` anywhere, or may do so by a star import."""
        return self.bindings.is_own(name) or name in _BUILTINS or bool(self.bindings.stars)

    def things(self, node: ast.expr) -> frozenset[Thing]:
        """What `node` may be: dotted names, and functions, classes and containers of the program itself."""
        return self._resolution.things(node)

    def texts(self, node: ast.expr) -> tuple[str, ...]:
        """Strings that `node` may be, UNKNOWN for parts not known; wholly unknown strings are left out."""
        if type(node) is ast.Constant:
            value = node.value
            if isinstance(value, bytes):
                value = value.decode("latin-1")
            return (value,) if isinstance(value, str) and value.strip(UNKNOWN) else ()
        found = {_as_text(value) for value in self._constants.values(node)}
        return tuple(sorted(text for text in found if text is not None and text.strip(UNKNOWN)))

    def is_known(self, node: ast.expr) -> bool:
        """Whether every value that `node` may have is a known constant."""
        return not any(isinstance(value, str) and UNKNOWN in value for value in self._constants.values(node))


def _as_text(value: Value) -> str | None:
    if isinstance(value, int):
        return None
    return value.decode("latin-1") if isinstance(value, bytes) else value


__all__ = ["MODULE_NAMES", "USUAL_ALIASES", "Names"]
