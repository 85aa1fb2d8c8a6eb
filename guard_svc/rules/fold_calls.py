"""Calls on constants: which of them can be computed without running the program, and what they give.

Knows calls of known functions and methods of strings. Must not know scopes, or what the results are used for.
"""

import ast
from collections.abc import Iterable
from typing import Final

from guard_svc.rules import fold
from guard_svc.rules.bindings import Function
from guard_svc.rules.constants import Constants
from guard_svc.rules.containers import TAKERS
from guard_svc.rules.decoders import ERRORS, FUNCTIONS, METHODS, path_of
from guard_svc.rules.fold import UNKNOWN, Value, as_text
from guard_svc.rules.sequences import Sequences, attempt

_FILLS_GAPS: Final = frozenset({"os.path.join", "pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath"})
_BYTES: Final = frozenset({"builtins.bytes", "builtins.bytearray"})
_UNBOUND: Final = ("builtins.str.", "builtins.bytes.")


class CallFolder:
    """Folds the calls of one program."""

    def __init__(self, constants: Constants) -> None:
        self._constants = constants
        self._sequences = Sequences(constants)

    def fold(self, call: ast.Call) -> Iterable[Value]:
        """Values of a call to a function or method known here, or to one of the program; else UNKNOWN."""
        things = self._constants.resolution.things(call.func)
        found: set[Value] = set()
        for thing in things:
            if isinstance(thing, str):
                found |= self._function(thing, call)
            elif isinstance(thing, Function):
                for result in self._constants.bindings.returns.get(thing, ()):
                    found |= self._constants.values(result)
        if not found and isinstance(call.func, ast.Attribute):
            found |= set(self._method(call.func.attr, call.func.value, call))
        return found or {UNKNOWN}

    def _function(self, path: str, call: ast.Call) -> set[Value]:
        positional = [arg for arg in call.args if not isinstance(arg, ast.Starred)]
        if path in _BYTES and positional:
            return {self._bytes(positional[0])}
        if path in ("functools.reduce", "operator.add", "operator.concat"):
            return self._sum(path, positional)
        if path == "builtins.format" and positional:
            return {as_text(value) for value in self._constants.values(positional[0])}
        if path in _FILLS_GAPS:
            return {path_of(*values) for values in self._constants.combine(positional)}
        if path in FUNCTIONS:
            return {attempt(path, list(values)) for values in self._constants.combine(positional)}
        if path.startswith(_UNBOUND) and positional:
            inner = ast.Call(call.func, positional[1:], call.keywords)
            return set(self._method(path.rpartition(".")[2], positional[0], inner))
        return set()

    def _bytes(self, given: ast.expr) -> Value:
        known = [value for value in self._constants.values(given) if isinstance(value, bytes)]
        if known:
            return known[0]
        numbers = self._sequences.elements(given)
        if not numbers or not all(isinstance(number, int) and 0 <= number < 256 for number in numbers):
            return UNKNOWN
        return bytes(number for number in numbers if isinstance(number, int))

    def _sum(self, path: str, positional: list[ast.expr]) -> set[Value]:
        if path != "functools.reduce":
            values = self._constants.combine(positional[:2]) if len(positional) > 1 else ()
            return {fold.binary(ast.Add(), *pair) for pair in values if len(pair) == 2}
        parts = self._sequences.elements(positional[1]) if len(positional) > 1 else None
        adds = isinstance(positional[0], ast.Lambda) or "operator.add" in self._constants.resolution.paths(
            positional[0]
        )
        return {"".join(map(as_text, parts))[: fold.MAX_FOLDED]} if parts and adds else set()

    def _method(self, name: str, subject: ast.expr, call: ast.Call) -> Iterable[Value]:
        positional = [arg for arg in call.args if not isinstance(arg, ast.Starred)]
        if name == "join" and len(positional) == 1:
            return self._join(subject, positional[0])
        if name in ("format", "format_map"):
            return self._format(subject, call)
        if name == "translate" and positional:
            return self._translate(subject, positional[0])
        if name in TAKERS:
            return self._taken(subject, positional)
        method = METHODS.get(name)
        if method is None:
            return (UNKNOWN,)
        return [
            self._attempt(name, list(values)) for values in self._constants.combine([subject, *positional])
        ]

    def _attempt(self, method: str, values: list[Value]) -> Value:
        if any(value == UNKNOWN for value in values) and method != "joinpath":
            return UNKNOWN
        try:
            return fold.cut(METHODS[method](*values))
        except ERRORS:
            return UNKNOWN

    def _taken(self, subject: ast.expr, positional: list[ast.expr]) -> Iterable[Value]:
        """`mapping.get(key, default)` and its like."""
        index = positional[0] if positional else ast.Constant(value=None)
        parts = [*self._constants.inside(ast.Subscript(subject, index, ast.Load())), *positional[1:]]
        return frozenset[Value]().union(*map(self._constants.values, parts)) if parts else (UNKNOWN,)

    def _join(self, separator: ast.expr, sequence: ast.expr) -> Iterable[Value]:
        parts = self._sequences.elements(sequence)
        if parts is None:
            return (UNKNOWN,)
        return [_joined(between, parts) for between in self._constants.values(separator)]

    def _format(self, template: ast.expr, call: ast.Call) -> Iterable[Value]:
        values: list[Value] = []
        named: dict[str, Value] = {}
        for arg in call.args:
            if isinstance(arg, ast.Starred):
                values += self._sequences.elements(arg.value) or [UNKNOWN]
            elif isinstance(arg, ast.Dict):  # format_map
                named |= self._entries(arg)
            else:
                values.append(self._constants.one(arg))
        for keyword in call.keywords:
            if keyword.arg is not None:
                named[keyword.arg] = self._constants.one(keyword.value)
            elif isinstance(keyword.value, ast.Dict):
                named |= self._entries(keyword.value)
        texts = self._constants.values(template)
        return [
            fold.formatted(t, values, named) if isinstance(t, str) and t != UNKNOWN else UNKNOWN
            for t in texts
        ]

    def _entries(self, shown: ast.Dict) -> dict[str, Value]:
        return {str(key): value for key, value in self._constants.entries(shown)}

    def _translate(self, subject: ast.expr, table: ast.expr) -> Iterable[Value]:
        pairs = self._table(table)
        texts = self._constants.values(subject)
        if pairs is None:
            return (UNKNOWN,)
        return [
            t.translate(pairs)[: fold.MAX_FOLDED] if isinstance(t, str) and t != UNKNOWN else UNKNOWN
            for t in texts
        ]

    def _table(self, node: ast.expr) -> dict[int, str | None] | None:
        """What `str.maketrans` makes of constants, or a dict of characters."""
        for thing in (node, *self._constants.resolution.things(node), *self._assigned(node)):
            match thing:
                case ast.Call(func=ast.Attribute(attr="maketrans"), args=[ast.Dict() as shown]):
                    return self._of_dict(shown)
                case ast.Call(func=ast.Attribute(attr="maketrans"), args=[first, second, *rest]):
                    old, new = self._constants.one(first), self._constants.one(second)
                    gone = self._constants.one(rest[0]) if rest else ""
                    if (
                        isinstance(old, str)
                        and isinstance(new, str)
                        and len(old) == len(new)
                        and isinstance(gone, str)
                    ):
                        return _mapping(old, new, gone)
                case ast.Dict():
                    return self._of_dict(thing)
        return None

    def _assigned(self, node: ast.expr) -> list[object]:
        return list(self._constants.bindings.names.get(node.id, ())) if isinstance(node, ast.Name) else []

    def _of_dict(self, shown: ast.Dict) -> dict[int, str | None]:
        pairs: dict[int, str | None] = {}
        for key, value in zip(shown.keys, shown.values, strict=True):
            old = self._constants.one(key) if key is not None else UNKNOWN
            new = self._constants.one(value)
            if isinstance(old, str) and len(old) == 1:
                old = ord(old)
            if isinstance(old, int):
                pairs[old] = chr(new) if isinstance(new, int) and 0 <= new < 0x110000 else as_text(new)[:64]
        return pairs


def _mapping(old: str, new: str, gone: str) -> dict[int, str | None]:
    pairs: dict[int, str | None] = {ord(char): made for char, made in zip(old, new, strict=True)}
    pairs.update((ord(char), None) for char in gone)
    return pairs


def _joined(separator: Value, parts: list[Value]) -> Value:
    pieces: list[str] = []
    size = 0
    between = as_text(separator)
    for part in parts:
        pieces.append(as_text(part))
        size += len(pieces[-1]) + len(between)
        if size > fold.MAX_FOLDED:
            break
    joined = between.join(pieces)[: fold.MAX_FOLDED]
    return joined.encode("latin-1", "replace") if isinstance(separator, bytes) else joined
