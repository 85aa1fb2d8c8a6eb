"""What lies inside a container: a display, a comprehension, or a call that makes or opens one.

Knows shapes of containers. Must not know what an element evaluates to.
"""

import ast
from typing import Final

from guard_svc.rules.bindings import element

Display = ast.List | ast.Tuple | ast.Set | ast.Dict
Comprehension = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
Container = Display | Comprehension | ast.Call
CONTAINERS: Final = (Display, Comprehension)

MAKERS = frozenset(
    {
        f"builtins.{name}"
        for name in (
            "list",
            "tuple",
            "set",
            "frozenset",
            "sorted",
            "reversed",
            "iter",
            "dict",
            "zip",
            "enumerate",
            "map",
            "filter",
        )
    }
    | {
        f"itertools.{name}"
        for name in (
            "chain",
            "chain.from_iterable",
            "cycle",
            "islice",
            "repeat",
            "product",
            "permutations",
            "combinations",
            "starmap",
            "accumulate",
            "tee",
            "takewhile",
            "dropwhile",
        )
    }
    | {
        f"collections.{name}"
        for name in ("deque", "OrderedDict", "defaultdict", "ChainMap", "UserDict", "UserList", "Counter")
    }
)
MAKERS |= {f"numpy.{name}" for name in ("array", "asarray", "vectorize", "frompyfunc")}
MAKERS |= {f"pandas.{name}" for name in ("Series", "DataFrame", "Index", "array")}
"""Functions whose result holds what their arguments hold."""
OPENERS: Final = frozenset({"items", "values", "keys", "copy", "union", "split"})
"""Methods whose result holds what their object holds."""
TAKERS: Final = frozenset(
    {"get", "pop", "popitem", "popleft", "setdefault", "__getitem__", "__next__", "send"}
)
"""Methods whose result is an element of their object."""
PICKERS: Final = frozenset(
    {"builtins.next", "builtins.max", "builtins.min", "operator.getitem", "random.choice", "functools.reduce"}
)
"""Functions whose result is an element of an argument."""
BY_KEY: Final = ast.Constant(value=None)
"""Stands for a key that is not known."""


def is_any(index: ast.expr) -> bool:
    """Whether `index` stands for any element, as in a loop."""
    return isinstance(index, ast.Constant) and index.value is ...


def elements(container: Container, index: ast.expr) -> list[ast.expr]:
    """Expressions for what `container[index]` may be; for a mapping that is iterated, its keys."""
    match container:
        case ast.List() | ast.Tuple() | ast.Set():
            return _of_display(container, index)
        case ast.Dict():
            return _of_dict(container, index)
        case ast.DictComp():
            return [container.key if is_any(index) else container.value]
        case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
            return [container.elt]
        case ast.Call():
            return _of_call(container)


def _of_display(container: ast.List | ast.Tuple | ast.Set, index: ast.expr) -> list[ast.expr]:
    parts = container.elts
    spread = any(isinstance(part, ast.Starred) for part in parts)
    if isinstance(container, ast.Tuple) and not spread and isinstance(index, ast.Constant):
        place = index.value
        if isinstance(place, int) and -len(parts) <= place < len(parts):
            return [parts[place]]
    return [element(part.value) if isinstance(part, ast.Starred) else part for part in parts]


def _of_dict(container: ast.Dict, index: ast.expr) -> list[ast.expr]:
    pairs = list(zip(container.keys, container.values, strict=True))
    if is_any(index):
        return [element(value) if key is None else key for key, value in pairs]
    wanted = index.value if isinstance(index, ast.Constant) else None
    return [
        element(value, index) if key is None else value
        for key, value in pairs
        if not (isinstance(wanted, str) and isinstance(key, ast.Constant) and key.value != wanted)
    ]


def _of_call(call: ast.Call) -> list[ast.expr]:
    match call.func:
        case ast.Attribute(value=mapping, attr="items") if not call.args:
            return [_pair(call, [element(mapping), element(mapping, BY_KEY)])]
        case ast.Attribute(value=mapping, attr="values") if not call.args:
            return [element(mapping, BY_KEY)]
        case ast.Attribute(value=mapping, attr="keys" | "copy" | "union" | "split"):
            return [element(mapping), element(mapping, BY_KEY)]
        case ast.Name(id="zip"):
            return [_pair(call, [element(_plain(arg)) for arg in call.args])]
        case ast.Name(id="enumerate") if call.args:
            return [_pair(call, [BY_KEY, element(_plain(call.args[0]))])]
        case ast.Name(id="map") if len(call.args) > 1:
            made = ast.Call(call.args[0], [element(_plain(arg)) for arg in call.args[1:]], [])
            return [ast.copy_location(made, call)]
    inside = [element(_plain(arg)) for arg in call.args]
    by_key = [element(_plain(arg), BY_KEY) for arg in call.args]
    return [*inside, *by_key, *(keyword.value for keyword in call.keywords)]


def _plain(arg: ast.expr) -> ast.expr:
    return arg.value if isinstance(arg, ast.Starred) else arg


def _pair(call: ast.Call, parts: list[ast.expr]) -> ast.expr:
    return ast.copy_location(ast.Tuple(parts, ast.Load()), call)
