"""Constants that an expression may evaluate to: strings, bytes and whole numbers.

Knows expressions, and asks others what operators, calls and sequences make. Must not know what the results
are used for. Answers are unions; UNKNOWN among them says that there may be others.
"""

import ast
import string
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from itertools import islice, product
from typing import Final

from guard_svc.rules import fold
from guard_svc.rules.bindings import Bindings, Meaning
from guard_svc.rules.containers import is_any
from guard_svc.rules.fixpoint import Effort, Fixpoint
from guard_svc.rules.fold import UNKNOWN, Value
from guard_svc.rules.resolution import Resolution

Values = frozenset[Value]
_UNKNOWN: Final[Values] = frozenset({UNKNOWN})
_MAX_VALUES: Final = 24
_MAX_COMBINATIONS: Final = 24
_MAX_CHARS: Final = 4_000_000
_MAX_DEPTH: Final = 40


_CONSTANTS: Final[Mapping[str, str]] = {
    **{f"string.{name}": value for name, value in vars(string).items() if isinstance(value, str)},
    "os.sep": "/",
    "os.path.sep": "/",
    "os.curdir": ".",
    "os.pardir": "..",
    "os.extsep": ".",
    "os.pathsep": ":",
    "os.linesep": "\n",
    "os.devnull": "/dev/null",
    "os.name": "posix",
    "os.path.pardir": "..",
}
"""Constants of the standard library that programs build texts from."""


class Constants:
    """The constants of one program. `calls` folds a call; it is set by whoever knows calls."""

    def __init__(self, bindings: Bindings, resolution: Resolution, effort: Effort) -> None:
        self.resolution = resolution
        self.bindings = bindings
        self.fold_call: Callable[[ast.Call], Iterable[Value]] = lambda _call: (UNKNOWN,)
        self._effort = effort
        self._chars = 0
        self._table: Fixpoint[Value] = Fixpoint(
            self._compute, lambda _: frozenset(), effort, _UNKNOWN, max_depth=_MAX_DEPTH
        )
        self._by_kind: Mapping[type, Callable[..., Iterable[Value]]] = {
            ast.Attribute: self._of_attribute,
            ast.IfExp: lambda node: self.values(node.body) | self.values(node.orelse),
            ast.NamedExpr: lambda node: self.values(node.value),
            ast.Await: lambda node: self.values(node.value),
            ast.BoolOp: lambda node: frozenset[Value]().union(*map(self.values, node.values)),
            ast.BinOp: self._of_operator,
            ast.UnaryOp: lambda node: [fold.negated(node.op, value) for value in self.values(node.operand)],
            ast.JoinedStr: self._of_fstring,
            ast.Subscript: self._of_item,
            ast.Call: lambda node: self.fold_call(node),
        }

    def values(self, node: ast.expr) -> Values:
        """Constants that `node` may be; holds UNKNOWN where there may be others. Never empty."""
        kind = type(node)
        if kind is ast.Constant:
            value = node.value  # type: ignore[attr-defined]
            return frozenset((value,)) if isinstance(value, str | bytes | int) else _UNKNOWN
        if kind is ast.Name:
            name = node.id  # type: ignore[attr-defined]
            return self._table(name) if name in self.bindings.names else _UNKNOWN
        return self._table(node) if kind in self._by_kind else _UNKNOWN

    def combine(self, nodes: Sequence[ast.expr]) -> Iterable[tuple[Value, ...]]:
        """Combinations of the values of several expressions, as many as are followed."""
        choices = [sorted(self.values(node), key=_order) for node in nodes]
        return islice(product(*choices), _MAX_COMBINATIONS)

    def _compute(self, key: Hashable) -> Values:
        if isinstance(key, str):
            found = self._of_meanings(self.bindings.names[key])
        else:
            found = set(self._by_kind[type(key)](key))
        if len(found) > _MAX_VALUES:
            found = {*sorted(found, key=_order)[:_MAX_VALUES], UNKNOWN}
        self._charge(found)
        return frozenset(found) or _UNKNOWN

    def _charge(self, made: Iterable[Value]) -> None:
        self._chars += sum(len(value) for value in made if not isinstance(value, int))
        if self._chars > _MAX_CHARS:
            self._effort.stop("The program's constants make more text than is followed.")

    def _of_meanings(self, bound: Iterable[Meaning]) -> set[Value]:
        found: set[Value] = set()
        for item in bound:
            found |= self.values(item) if isinstance(item, ast.expr) else _UNKNOWN
        return found

    def _of_attribute(self, node: ast.Attribute) -> Iterable[Value]:
        known = {_CONSTANTS[path] for path in self.resolution.paths(node) if path in _CONSTANTS}
        if known:
            return known
        bound = self.bindings.members.get(node.attr)
        return (UNKNOWN,) if bound is None else self._of_meanings(bound)

    def _of_operator(self, node: ast.BinOp) -> Iterable[Value]:
        if isinstance(node.op, ast.Add):
            return self._of_sum(node)
        if isinstance(node.op, ast.Mod) and (filled := self._of_percent(node)):
            return filled
        return [fold.binary(node.op, left, right) for left, right in self.combine([node.left, node.right])]

    def _of_percent(self, node: ast.BinOp) -> list[Value]:
        """`template % (a, b)` and `template % {...}`; empty when the right side is neither."""
        filled: list[Value] = []
        for thing in self.resolution.things(node.right):
            if isinstance(thing, ast.Tuple):
                chosen = self.combine([node.left, *thing.elts])
                filled += [fold.percent(t, values) for t, *values in chosen if isinstance(t, str)]
            elif isinstance(thing, ast.Dict):
                named = {str(key): value for key, value in self.entries(thing)}
                texts = [text for text in self.values(node.left) if isinstance(text, str)]
                filled += [fold.percent(text, [], named) for text in texts]
        return filled

    def entries(self, shown: ast.Dict) -> Iterable[tuple[Value, Value]]:
        """One value for each key of a mapping that is written out."""
        for key, value in zip(shown.keys, shown.values, strict=True):
            if key is not None:
                yield self.one(key), self.one(value)

    def one(self, node: ast.expr) -> Value:
        """A value that is known, when there is one, else UNKNOWN."""
        return min(self.values(node), key=_order)

    def _of_sum(self, node: ast.BinOp) -> set[Value]:
        """A long sum leans to the left, deeper than is followed: it is taken from its left end."""
        terms = [node.right]
        first = node.left
        while (
            isinstance(first, ast.BinOp) and isinstance(first.op, ast.Add) and not self._table.is_known(first)
        ):
            terms.append(first.right)
            first = first.left
        sums = set(self.values(first))
        self._effort.spend(len(terms))
        for term in reversed(terms):
            pairs = islice(
                product(sorted(sums, key=_order), sorted(self.values(term), key=_order)), _MAX_COMBINATIONS
            )
            sums = {fold.binary(node.op, left, right) for left, right in pairs}
            self._charge(sums)
        return sums

    def _of_fstring(self, node: ast.JoinedStr) -> Iterable[Value]:
        parts = [part.value if isinstance(part, ast.FormattedValue) else part for part in node.values]
        return ["".join(map(fold.as_text, chosen))[: fold.MAX_FOLDED] for chosen in self.combine(parts)]

    def _of_item(self, node: ast.Subscript) -> Iterable[Value]:
        parts = [*self.inside(node), *self.resolution.put_into(node.value)]
        if parts:
            return frozenset[Value]().union(*map(self.values, parts))
        if isinstance(node.slice, ast.Slice):
            bounds = [self._bound(part) for part in (node.slice.lower, node.slice.upper, node.slice.step)]
            return [fold.part(value, bounds) for value in self.values(node.value)]
        if is_any(node.slice):
            texts = [value for value in self.values(node.value) if isinstance(value, str)]
            return {char for text in texts for char in text[:_MAX_VALUES]}
        return [fold.item(value, index) for value, index in self.combine([node.value, node.slice])]

    def inside(self, node: ast.Subscript) -> list[ast.expr]:
        """Elements of the containers that are indexed here."""
        return [
            part
            for thing in self.resolution.things(node.value)
            if isinstance(thing, ast.expr)
            for part in self.resolution.elements(thing, node.slice)
        ]

    def _bound(self, node: ast.expr | None) -> int | None:
        if node is None:
            return None
        return next(
            (value for value in sorted(self.values(node), key=_order) if isinstance(value, int)), None
        )


def _order(value: Value) -> tuple[bool, str]:
    """Known values before UNKNOWN, then in a fixed order."""
    return (value == UNKNOWN, repr(value)[:200])
