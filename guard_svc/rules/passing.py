"""What the program's own functions are called with: by itself, or by whom it hands them to.

Knows calls and parameters. Must not know what an expression evaluates to. A function is recognised by
its name, by the name of a method, or because it is a lambda that is called where it stands.
"""

import ast
from collections.abc import Iterator, Mapping
from typing import Final

from guard_svc.rules.bindings import Bindings, Function, element, parameters
from guard_svc.rules.fixpoint import Effort
from guard_svc.walk import Walk

_Callee = tuple[Function, int]
_MAX_ALIASES: Final = 8
_MAX_CALLEES: Final = 8
_OPERATORS: Final[Mapping[type[ast.operator], tuple[str, ...]]] = {
    ast.Add: ("__add__", "__radd__", "__iadd__"),
    ast.Sub: ("__sub__", "__rsub__"),
    ast.Mult: ("__mul__", "__rmul__"),
    ast.MatMult: ("__matmul__", "__rmatmul__"),
    ast.Div: ("__truediv__", "__rtruediv__"),
    ast.FloorDiv: ("__floordiv__",),
    ast.Mod: ("__mod__", "__rmod__"),
    ast.Pow: ("__pow__",),
    ast.BitOr: ("__or__", "__ror__"),
    ast.BitAnd: ("__and__", "__rand__"),
    ast.BitXor: ("__xor__", "__rxor__"),
    ast.LShift: ("__lshift__", "__rlshift__"),
    ast.RShift: ("__rshift__", "__rrshift__"),
}
_MAX_PASSED: Final = 8000
_RECORDS: Final = frozenset({"SimpleNamespace", "replace", "_replace"})


def pass_arguments(bindings: Bindings, walk: Walk, effort: Effort) -> None:
    """Bind the parameters of the program's own functions to what its calls pass."""
    _pass_special(bindings, walk)
    callees = _Callees(bindings)
    calls = (*walk.of(ast.Call), *(call for call, _ in bindings.decorations))
    for call in calls:
        for function, skip in callees.of(call.func):
            _pass(bindings, function, call, skip)
            callees.passed += len(call.args) + len(call.keywords)
        for function, values in _handed(callees, call):
            _pass_some(bindings, function, values)
            callees.passed += 4 * len(values)
        if callees.passed > _MAX_PASSED:
            effort.stop("The program's functions are called with more than is followed.")
            return
        _put(bindings, call)


def _pass_special(bindings: Bindings, walk: Walk) -> None:
    """What Python itself passes to special methods: an index, an operand, keywords, arguments."""
    for function in _special(bindings, "__getitem__", "__class_getitem__", "__missing__"):
        for node in walk.of(ast.Subscript):
            _pass_second(bindings, function, node.slice)
    for kind, names in _OPERATORS.items():
        for function in _special(bindings, *names):
            for operation in walk.of(ast.BinOp):
                if isinstance(operation.op, kind):
                    _pass_second(bindings, function, operation.right)
                    _pass_second(bindings, function, operation.left)
    for function in _special(bindings, "__init_subclass__"):
        for made in walk.of(ast.ClassDef):
            _pass_keywords(bindings, function, ast.Call(ast.Name(made.name), [], made.keywords))
    for function in _special(bindings, "__call__"):
        for call in walk.of(ast.Call):
            _pass(bindings, function, call, 1)


def _special(bindings: Bindings, *names: str) -> list[Function]:
    return [it for name in names for it in bindings.members.get(name, ()) if isinstance(it, Function)][
        :_MAX_CALLEES
    ]


def _pass_second(bindings: Bindings, function: Function, value: ast.expr) -> None:
    for taker in parameters(function)[1:2] or parameters(function)[:1]:
        bindings.names[taker.arg].append(value)


class _Callees:
    """Own functions by what is called, each name looked up once."""

    def __init__(self, bindings: Bindings) -> None:
        self._bindings = bindings
        self._named: dict[str, list[_Callee]] = {}
        self._methods: dict[str, list[_Callee]] = {}
        self.passed = 0

    def of(self, callee: ast.expr, follow: int = _MAX_ALIASES) -> list[_Callee]:
        """Own functions that `callee` may be, and how many leading parameters the call does not pass."""
        match callee:
            case ast.Lambda():
                return [(callee, 0)]
            case ast.Name(id=name):
                return self._of_name(name, follow)
            case ast.Attribute(attr=name):
                return self._of_method(name)
            case ast.NamedExpr(value=inner):
                return self.of(inner, follow)
            case ast.Call(func=inner) if follow:
                made = (it for function, _ in self.of(inner, follow - 1) for it in self._returned(function))
                return [found for result in made for found in self.of(result, 0)]
        return []

    def _returned(self, function: Function) -> list[ast.expr]:
        return self._bindings.returns.get(function, [])[:_MAX_CALLEES]

    def _of_name(self, name: str, follow: int) -> list[_Callee]:
        if name in self._named:
            return self._named[name]
        found: list[_Callee] = []
        self._named[name] = found
        bound = self._bindings.names.get(name, ())
        self.passed += len(bound) // 4
        for item in list(bound):
            if isinstance(item, Function):
                found.append((item, 0))
            elif isinstance(item, ast.ClassDef):
                found.extend(_constructors(item))
            elif isinstance(item, ast.Name) and follow:
                found.extend(self._of_name(item.id, follow - 1))
        self.passed += len(found)
        return found

    def _of_method(self, name: str) -> list[_Callee]:
        if name not in self._methods:
            bound = self._bindings.members.get(name, ())
            found = [(item, _receives_self(item)) for item in bound if isinstance(item, Function)]
            named = [it for item in bound if isinstance(item, ast.Name) for it in self._of_name(item.id, 1)]
            self._methods[name] = found + named
        return self._methods[name]


def _receives_self(function: Function) -> int:
    if isinstance(function, ast.Lambda):
        return 0
    static = any(isinstance(item, ast.Name) and item.id == "staticmethod" for item in function.decorator_list)
    return 0 if static else 1


def _constructors(made: ast.ClassDef) -> Iterator[tuple[Function, int]]:
    for statement in made.body:
        if isinstance(statement, ast.FunctionDef) and statement.name in ("__init__", "__new__", "__call__"):
            yield statement, 1


def _pass(bindings: Bindings, function: Function, call: ast.Call, skip: int) -> None:
    takers = parameters(function)[skip:]
    rest = function.args.vararg
    for index, value in enumerate(call.args):
        if isinstance(value, ast.Starred):
            for taker in takers[index:]:
                bindings.names[taker.arg].append(element(value.value))
            if rest is not None:
                bindings.items[rest.arg].append(element(value.value))
        elif index < len(takers):
            bindings.names[takers[index].arg].append(value)
        elif rest is not None:
            bindings.items[rest.arg].append(value)
    _pass_keywords(bindings, function, call)


def _pass_keywords(bindings: Bindings, function: Function, call: ast.Call) -> None:
    named = {taker.arg for taker in (*parameters(function), *function.args.kwonlyargs)}
    others = function.args.kwarg
    for keyword in call.keywords:
        if keyword.arg is None:
            value = element(keyword.value, ast.Constant(value=None))
            for name in named:
                bindings.names[name].append(value)
            if others is not None:
                bindings.items[others.arg].append(value)
        elif keyword.arg in named:
            bindings.names[keyword.arg].append(keyword.value)
        elif others is not None:
            bindings.items[others.arg].append(keyword.value)


def _handed(callees: _Callees, call: ast.Call) -> Iterator[tuple[Function, list[ast.expr]]]:
    """Own functions among the arguments, with what the callee may pass them."""
    given = (*call.args, *(keyword.value for keyword in call.keywords))
    for candidate in given:
        if isinstance(candidate, ast.Lambda | ast.Name):
            for function, _ in callees.of(candidate):
                others = [other for other in given if other is not candidate]
                if isinstance(call.func, ast.Attribute):
                    others.append(call.func.value)
                yield function, others


def _pass_some(bindings: Bindings, function: Function, values: list[ast.expr]) -> None:
    takers = [*parameters(function), *function.args.kwonlyargs]
    for value in values:
        plain = value.value if isinstance(value, ast.Starred) else value
        for taker in takers[:4]:
            bindings.names[taker.arg] += (plain, element(plain))


def _put(bindings: Bindings, call: ast.Call) -> None:
    """Methods that fill a container, `setattr`, and classes that keep what they are given by name."""
    match call:
        case ast.Call(
            func=ast.Attribute(value=container, attr="append" | "add" | "appendleft" | "put"), args=[value]
        ):
            bindings.put(container, value)
        case ast.Call(
            func=ast.Attribute(value=container, attr="insert" | "setdefault" | "__setitem__"), args=[_, value]
        ):
            bindings.put(container, value)
        case ast.Call(func=ast.Attribute(value=container, attr="extend" | "update")):
            for value in call.args:
                bindings.put(container, element(value))
                bindings.put(container, element(value, ast.Constant(value=None)))
            for keyword in call.keywords:
                bindings.put(container, keyword.value)
        case ast.Call(func=ast.Name(id="setattr"), args=[_, ast.Constant(value=str(name)), value]):
            bindings.members[name].append(value)
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if call.keywords:
            kept = name in _RECORDS or any(
                isinstance(it, ast.ClassDef) for it in bindings.names.get(name, ())
            )
            for keyword in call.keywords if kept else ():
                if keyword.arg is not None:
                    bindings.members[keyword.arg].append(keyword.value)
