"""The elements of a sequence in their order, where that is known: what `join` and `bytes` are given.

Knows displays, comprehensions, `map`, `reversed`, slices. Must not know what the elements are used for.
"""

import ast
from collections.abc import Iterable
from typing import Final

from guard_svc.rules.bindings import Function, parameters
from guard_svc.rules.constants import Constants
from guard_svc.rules.decoders import ERRORS, FUNCTIONS
from guard_svc.rules.fold import UNKNOWN, Value, cut

MAX_ELEMENTS: Final = 2000
_MAX_DEPTH: Final = 6
_THROUGH: Final = frozenset(
    {"builtins.list", "builtins.tuple", "builtins.iter", "builtins.bytes", "builtins.bytearray"}
)


class Sequences:
    """Ordered elements, for one program."""

    def __init__(self, constants: Constants) -> None:
        self._constants = constants

    def elements(self, node: ast.expr, depth: int = _MAX_DEPTH) -> list[Value] | None:
        """The elements of `node` in order, UNKNOWN for those not known; None for no known sequence."""
        if depth == 0:
            return None
        direct = self._of_container(node, depth)
        if direct is not None:
            return direct[:MAX_ELEMENTS]
        for value in sorted(self._constants.values(node), key=repr):
            if isinstance(value, str) and value != UNKNOWN:
                return [*value[:MAX_ELEMENTS]]
            if isinstance(value, bytes):
                return [*value[:MAX_ELEMENTS]]
        return None

    def _of_container(self, node: ast.expr, depth: int) -> list[Value] | None:
        match node:
            case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
                return self._of_display(parts, depth)
            case ast.ListComp(elt=made, generators=[loop]) | ast.GeneratorExp(elt=made, generators=[loop]):
                return self._mapped(made, loop.target, loop.iter, depth)
            case ast.Subscript(value=inner, slice=ast.Slice() as where):
                return self._sliced(inner, where, depth)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                first, second = self._of_container(left, depth - 1), self._of_container(right, depth - 1)
                return None if first is None or second is None else first + second
            case ast.Dict(keys=keys):
                return self._of_display([key for key in keys if key is not None], depth)
            case ast.Call():
                return self._of_call(node, depth)
            case ast.Name() | ast.Attribute():
                return self._of_name(node, depth)
        return None

    def _of_name(self, node: ast.expr, depth: int) -> list[Value] | None:
        things = [thing for thing in self._constants.resolution.things(node) if isinstance(thing, ast.expr)]
        found = self.elements(things[0], depth - 1) if len(things) == 1 else None
        if found is not None:
            put = self._constants.resolution.put_into(node)
            found = found + [self._constants.one(part) for part in put]
        return found

    def _of_display(self, parts: list[ast.expr], depth: int) -> list[Value]:
        found: list[Value] = []
        for part in parts[:MAX_ELEMENTS]:
            if isinstance(part, ast.Starred):
                found += self.elements(part.value, depth - 1) or [UNKNOWN]
            else:
                found.append(self._constants.one(part))
        return found

    def _sliced(self, inner: ast.expr, where: ast.Slice, depth: int) -> list[Value] | None:
        found = self._of_container(inner, depth - 1)
        start, stop, step = (self._bound(part) for part in (where.lower, where.upper, where.step))
        return None if found is None or step == 0 else found[start:stop:step]

    def _bound(self, node: ast.expr | None) -> int | None:
        value = None if node is None else self._constants.one(node)
        return value if isinstance(value, int) else None

    def _of_call(self, call: ast.Call, depth: int) -> list[Value] | None:
        paths = self._constants.resolution.paths(call.func)
        if "builtins.map" in paths and len(call.args) == 2:
            return self._applied(call.args[0], call.args[1], depth)
        if "builtins.reversed" in paths and call.args:
            found = self.elements(call.args[0], depth - 1)
            return None if found is None else found[::-1]
        if "builtins.range" in paths:
            return self._range([self._constants.one(arg) for arg in call.args])
        if paths & _THROUGH and call.args:
            return self.elements(call.args[0], depth - 1)
        if isinstance(call.func, ast.Attribute) and call.func.attr in ("split", "rsplit", "splitlines"):
            return self._split(call.func, call.args)
        if isinstance(call.func, ast.Attribute) and call.func.attr == "values":
            shown = [
                it for it in self._constants.resolution.things(call.func.value) if isinstance(it, ast.Dict)
            ]
            return self._of_display(shown[0].values, depth) if len(shown) == 1 else None
        return None

    def _range(self, bounds: list[Value]) -> list[Value] | None:
        numbers = [bound for bound in bounds if isinstance(bound, int)]
        if len(numbers) != len(bounds) or not 1 <= len(numbers) <= 3 or numbers[2:] == [0]:
            return None
        return list(range(*numbers)[:MAX_ELEMENTS])

    def _split(self, method: ast.Attribute, args: list[ast.expr]) -> list[Value] | None:
        text = self._constants.one(method.value)
        separator = self._constants.one(args[0]) if args else None
        if (
            not isinstance(text, str)
            or text == UNKNOWN
            or not isinstance(separator, str | None)
            or separator == ""
        ):
            return None
        return list(text.split(separator))

    def _applied(self, function: ast.expr, sequence: ast.expr, depth: int) -> list[Value] | None:
        resolution = self._constants.resolution
        found = self.elements(sequence, depth - 1)
        if found is None:
            return None
        for thing in resolution.things(function):
            if isinstance(thing, str) and thing in FUNCTIONS:
                return [attempt(thing, [value]) for value in found]
            if isinstance(thing, Function) and parameters(thing):
                results = self._constants.bindings.returns.get(thing, [])
                if len(results) == 1:
                    return self._substituted(results[0], parameters(thing)[0].arg, found)
        return None

    def _mapped(self, made: ast.expr, target: ast.expr, sequence: ast.expr, depth: int) -> list[Value] | None:
        found = self.elements(sequence, depth - 1)
        if found is None or not isinstance(target, ast.Name):
            return None
        if isinstance(made, ast.Name) and made.id == target.id:
            return found
        return self._substituted(made, target.id, found)

    def _substituted(self, made: ast.expr, name: str, values: Iterable[Value]) -> list[Value]:
        return [
            self._constants.one(replaced(made, name, value)) if value != UNKNOWN else UNKNOWN
            for value in list(values)[:MAX_ELEMENTS]
        ]


class _Replace(ast.NodeTransformer):
    def __init__(self, name: str, value: Value) -> None:
        self._name = name
        self._value = value

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.copy_location(ast.Constant(self._value), node) if node.id == self._name else node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        """A copy with its children replaced: the program's own tree stays as it is."""
        fields = {
            name: [self.visit(part) if isinstance(part, ast.AST) else part for part in value]
            if isinstance(value, list)
            else self.visit(value)
            if isinstance(value, ast.AST)
            else value
            for name, value in ast.iter_fields(node)
        }
        return ast.copy_location(type(node)(**fields), node)


def replaced(node: ast.expr, name: str, value: Value) -> ast.expr:
    """`node` with a constant instead of each use of `name`."""
    made = _Replace(name, value).visit(node)
    assert isinstance(made, ast.expr)
    return made


def attempt(path: str, values: list[Value]) -> Value:
    """What the function of that full name makes of `values`; UNKNOWN when it does not suit."""
    if any(value == UNKNOWN for value in values):
        return UNKNOWN
    try:
        return cut(FUNCTIONS[path](*values))
    except ERRORS:
        return UNKNOWN
