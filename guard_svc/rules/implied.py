"""What happens without being written as a call or an attribute: decorators, functions handed on to be called.

Knows who calls what it is given, and with what. Must not know what a call does, or scopes.
"""

import ast
from collections.abc import Callable, Iterator
from typing import Final

from guard_svc.rules.bindings import element
from guard_svc.rules.names import Names
from guard_svc.walk import Walk

_MAX_IMPLIED: Final = 1000
_MAX_STEPS: Final = 8
_AT_ONCE: Final = frozenset(
    {"functools.partial", "functools.partialmethod", "operator.call", "contextlib.ExitStack().callback"}
)
"""Who hands on its other arguments as they are."""
_WITH_OBJECT: Final = frozenset({"pipe", "submit", "callback", "call_soon", "run_in_executor", "apply_async"})
_LATER: Final = frozenset({"numpy.vectorize()", "numpy.frompyfunc()", "functools.partial()"})
_SPECIAL: Final = ("__class_getitem__", "__getitem__", "__call__", "__getattr__", "__missing__")

IsKnown = Callable[[str], bool]
"""Whether a full name does something that anybody judges."""


def implied(walk: Walk, names: Names, matters: IsKnown) -> list[ast.expr]:
    """Calls and attributes to add to those in the program, where they are caused; only those that matter."""
    found: list[ast.expr] = [call for call, _ in names.bindings.decorations]
    for call in walk.of(ast.Call):
        found += _of_call(call, names, matters)
        if len(found) > _MAX_IMPLIED:
            names.effort.stop("More functions are handed on than are followed.")
            break
    return [*found, *_of_subscripts(walk, names)]


def _of_call(call: ast.Call, names: Names, matters: IsKnown) -> Iterator[ast.expr]:
    for position, given in enumerate(call.args):
        if isinstance(given, ast.Name | ast.Attribute | ast.Subscript) and _is_function(
            given, names, matters
        ):
            yield _made(call, given, _passed(call, position, names))
    for keyword in call.keywords:
        given = keyword.value
        plain = keyword.arg is not None and isinstance(given, ast.Name | ast.Attribute)
        if plain and _is_function(given, names, matters):
            yield _made(call, given, [element(other) for other in call.args])
    if isinstance(call.func, ast.Call | ast.Name) and (paths := names.paths(call.func)):
        if paths & _LATER:
            yield from _vectorised(call, names)
        if "operator.attrgetter()" in paths or "operator.methodcaller()" in paths:
            yield from _gotten(call, names)


def _is_function(given: ast.expr, names: Names, matters: IsKnown) -> bool:
    return any(not path.endswith((")", "]")) and matters(path) for path in names.paths(given))


def _passed(call: ast.Call, position: int, names: Names) -> list[ast.expr]:
    """What the callee passes on to the function that it is given at `position`."""
    others = [arg for index, arg in enumerate(call.args) if index != position]
    if names.paths(call.func) & _AT_ONCE:
        return others
    if isinstance(call.func, ast.Attribute):
        owner = call.func.value
        if call.func.attr in _WITH_OBJECT:
            return [owner, *others] if call.func.attr == "pipe" else others
        if not _is_module(owner, names):
            return [element(owner), *_extra(call), *others]
    return [element(other.value if isinstance(other, ast.Starred) else other) for other in others]


def _is_module(owner: ast.expr, names: Names) -> bool:
    return any("(" not in path for path in names.paths(owner))


def _extra(call: ast.Call) -> list[ast.expr]:
    """`apply(f, args=(a, b))`."""
    for keyword in call.keywords:
        if keyword.arg == "args" and isinstance(keyword.value, ast.Tuple | ast.List):
            return keyword.value.elts
    return []


def _made(call: ast.Call, function: ast.expr, passed: list[ast.expr]) -> ast.Call:
    keywords = [
        keyword for keyword in call.keywords if keyword.value is not function and keyword.arg != "args"
    ]
    return ast.copy_location(ast.Call(function, passed, keywords), call)


def _vectorised(call: ast.Call, names: Names) -> Iterator[ast.Call]:
    for thing in names.things(call.func):
        if isinstance(thing, ast.Call) and thing.args:
            yield ast.copy_location(ast.Call(thing.args[0], [element(arg) for arg in call.args], []), call)


def _gotten(call: ast.Call, names: Names) -> Iterator[ast.expr]:
    """`attrgetter("a.b")(x)` is `x.a.b`, and `methodcaller("m", 1)(x)` is `x.m(1)`."""
    if not isinstance(call.func, ast.Call) or not call.func.args or not call.args:
        return
    for text in names.texts(call.func.args[0]):
        reached = call.args[0]
        for name in text.split(".")[:_MAX_STEPS]:
            reached = ast.copy_location(ast.Attribute(reached, name, ast.Load()), call)
            yield reached
        if "operator.methodcaller()" in names.paths(call.func):
            yield ast.copy_location(ast.Call(reached, call.func.args[1:], call.func.keywords), call)


def _of_subscripts(walk: Walk, names: Names) -> Iterator[ast.Call]:
    """`A[x]` where a class of the program says `__class_getitem__ = f`."""
    handlers = [
        item
        for name in _SPECIAL
        for item in names.bindings.members.get(name, ())
        if isinstance(item, ast.expr)
    ]
    for node in walk.of(ast.Subscript) if handlers else ():
        for handler in handlers[:4]:
            yield ast.copy_location(ast.Call(handler, [node.slice], []), node)
