"""What each name of a program may stand for, without running it.

Knows syntax trees. Must not know scopes or which names are dangerous. Answers are unions over the whole
program, whatever the order of statements: a name that is bound to `os` anywhere counts as `os` everywhere.
That can accuse, never overlook.
"""

import ast
import builtins
import sys
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from guard_svc.rules.fold import UNKNOWN, Value, fold_call, fold_operation

_MAX_DEPTH: Final = 40
_MAX_VALUES: Final = 24
_MAX_PATHS: Final = 200
_BUILTINS: Final = frozenset(dir(builtins))
MODULE_NAMES: Final = frozenset(sys.stdlib_module_names) | {
    "requests",
    "httpx",
    "aiohttp",
    "psutil",
    "paramiko",
}
"""Modules that a program may mean although it does not import them: a fragment, or a name from elsewhere."""
USUAL_ALIASES: Final = {"np": "numpy", "pd": "pandas", "plt": "matplotlib.pyplot", "sns": "seaborn"}
"""What everybody calls the data stack; a forgotten import is a slip, and the name still means the module."""


class Names:
    """Resolver for one program. `paths` gives dotted names, `values` constants."""

    def __init__(self, tree: ast.Module) -> None:
        self._bound: dict[str, list[ast.expr | str | None]] = defaultdict(list)
        self._functions: dict[str, list[ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda]] = defaultdict(
            list
        )
        self._stars: list[str] = []
        self._paths: dict[int, frozenset[str]] = {}
        self._values: dict[int, frozenset[Value]] = {}
        self._busy: set[tuple[str, int]] = set()
        self.overflowed = False
        """Whether a name had more meanings, or was further away, than was followed."""
        nodes = list(ast.walk(tree))
        for node in nodes:
            self._bind_node(node)
        for node in nodes:
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                self._bind_call(node, node.func.id)

    # -- binding

    def _bind_node(self, node: ast.AST) -> None:
        match node:
            case ast.Import():
                for alias in node.names:
                    self._bound[alias.asname or alias.name.split(".")[0]].append(
                        alias.name if alias.asname else alias.name.split(".")[0]
                    )
            case ast.ImportFrom():
                self._bind_import_from(node)
            case ast.Assign():
                for target in node.targets:
                    self._bind(target, node.value)
            case ast.AnnAssign() | ast.NamedExpr():
                self._bind(node.target, node.value)
            case ast.AugAssign():
                self._bind(node.target, ast.copy_location(ast.BinOp(node.target, node.op, node.value), node))
            case ast.For() | ast.AsyncFor() | ast.comprehension():
                self._bind_loop(node.target, node.iter)
            case ast.withitem() if node.optional_vars is not None:
                self._bind(node.optional_vars, node.context_expr)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._bound[node.name].append(None)
                self._functions[node.name].append(node)
                self._bind_defaults(node.args)
            case ast.Lambda():
                self._bind_defaults(node.args)
            case ast.ClassDef():
                self._bound[node.name].append(None)
                self._bind_members(node)
            case (
                ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
            ):
                self._bound[name].append(None)

    def _bind_members(self, node: ast.ClassDef) -> None:
        """`class A: m = x` makes x reachable as the attribute m of something unknown."""
        for statement in node.body:
            if isinstance(statement, ast.Assign):
                for target in statement.targets:
                    if isinstance(target, ast.Name):
                        self._bound["." + target.id].append(statement.value)

    def _bind_import_from(self, node: ast.ImportFrom) -> None:
        module = "." * node.level + (node.module or "")
        for alias in node.names:
            if alias.name == "*":
                self._stars.append(module)
            else:
                self._bound[alias.asname or alias.name].append(f"{module}.{alias.name}")

    def _bind(self, target: ast.expr, value: ast.expr | None) -> None:
        match target:
            case ast.Name():
                self._bound[target.id].append(value)
                if isinstance(value, ast.Lambda):
                    self._functions[target.id].append(value)
            case ast.Attribute():
                self._bound["." + target.attr].append(value)
            case ast.Tuple() | ast.List():
                same = isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts)
                parts: list[ast.expr] | list[None] = (
                    value.elts
                    if same and isinstance(value, ast.Tuple | ast.List)
                    else [None] * len(target.elts)
                )
                for inner, part in zip(target.elts, parts, strict=True):
                    self._bind(inner, part)
            case ast.Starred():
                self._bind(target.value, None)
            case ast.Subscript(value=ast.Name(id=name)):
                self._bound[f"{name}[]"].append(value)

    def _bind_loop(self, target: ast.expr, iterable: ast.expr) -> None:
        sequence = self._literal(iterable)
        if sequence is None:
            self._bind(target, None)
        for element in sequence or ():
            self._bind(target, element)

    def _literal(self, node: ast.expr) -> list[ast.expr] | None:
        if isinstance(node, ast.Name):
            bound = self._bound.get(node.id, [])
            literals = [item for item in bound if isinstance(item, ast.List | ast.Tuple | ast.Set)]
            return [element for item in literals for element in item.elts] or None
        return list(node.elts) if isinstance(node, ast.List | ast.Tuple | ast.Set) else None

    def _bind_defaults(self, args: ast.arguments) -> None:
        positional = [*args.posonlyargs, *args.args]
        for arg in (*positional, *args.kwonlyargs, args.vararg, args.kwarg):
            if arg is not None:
                self._bound[arg.arg].append(None)
        for arg, default in zip(
            positional[len(positional) - len(args.defaults) :], args.defaults, strict=True
        ):
            self._bound[arg.arg].append(default)
        for arg, keyword_default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
            self._bound[arg.arg].append(keyword_default)

    def _bind_call(self, call: ast.Call, name: str) -> None:
        for function in self._functions.get(name, ()):
            parameters = [*function.args.posonlyargs, *function.args.args]
            for parameter, value in zip(parameters, call.args, strict=False):
                self._bound[parameter.arg].append(None if isinstance(value, ast.Starred) else value)
            for keyword in call.keywords:
                if keyword.arg is not None:
                    self._bound[keyword.arg].append(keyword.value)

    def is_bound(self, name: str) -> bool:
        """Whether the program binds `name` anywhere, or may do so by a star import."""
        return name in self._bound or name in _BUILTINS or bool(self._stars)

    # -- dotted names

    def paths(self, node: ast.expr) -> frozenset[str]:
        """Full dotted names that `node` may evaluate to; empty when unknown. A call's result ends in `()`."""
        key = id(node)
        if key not in self._paths:
            too_far = len(self._busy) > _MAX_DEPTH * 2
            if ("p", key) in self._busy or too_far:
                self.overflowed |= too_far
                return frozenset()
            self._busy.add(("p", key))
            meanings = sorted(set(self._paths_of(node)))
            self.overflowed |= len(meanings) > _MAX_PATHS
            found = frozenset(meanings[:_MAX_PATHS])
            self._busy.discard(("p", key))
            self._paths[key] = found
        return self._paths[key]

    def _paths_of(self, node: ast.expr) -> Iterable[str]:
        match node:
            case ast.Name():
                yield from self._paths_of_name(node.id)
            case ast.Attribute():
                yield from self._member(node.value, node.attr)
            case ast.Call():
                yield from self._paths_of_call(node)
            case ast.IfExp():
                yield from self.paths(node.body) | self.paths(node.orelse)
            case ast.BoolOp():
                for value in node.values:
                    yield from self.paths(value)
            case ast.NamedExpr() | ast.Await() | ast.Starred():
                yield from self.paths(node.value)
            case ast.Subscript():
                yield from self._paths_of_item(node)

    def _paths_of_name(self, name: str) -> Iterable[str]:
        bound = self._bound.get(name)
        for item in bound or ():
            if isinstance(item, str):
                yield item
            elif item is not None:
                yield from self.paths(item)
        if bound is None and name in _BUILTINS:
            yield f"builtins.{name}"
        elif bound is None:
            yield from (f"{module}.{name}" for module in self._stars)
            if not self._stars and name in MODULE_NAMES:
                yield name
            elif not self._stars and name in USUAL_ALIASES:
                yield USUAL_ALIASES[name]

    def _member(self, base: ast.expr, attribute: str) -> Iterable[str]:
        found = self.paths(base)
        yield from (f"{path}.{attribute}" for path in found if path.count(".") < _MAX_DEPTH)
        if not found:
            for item in self._bound.get("." + attribute, ()):
                if isinstance(item, ast.expr):
                    yield from self.paths(item)

    def _paths_of_call(self, call: ast.Call) -> Iterable[str]:
        for path in self.paths(call.func):
            match path:
                case "builtins.getattr" if len(call.args) >= 2:
                    for name in self.texts(call.args[1]):
                        yield from self._member(call.args[0], name)
                case "builtins.__import__" | "importlib.import_module" | "importlib.__import__" if call.args:
                    yield from self.texts(call.args[0])
                case "functools.partial" | "functools.wraps" if call.args:
                    yield from self.paths(call.args[0])
                case _:
                    yield path + "()"
        if isinstance(call.func, ast.Call) and len(call.args) == 1:
            yield from self._attrgetter(call.func, call.args[0])

    def _attrgetter(self, getter: ast.Call, subject: ast.expr) -> Iterable[str]:
        if "operator.attrgetter" in self.paths(getter.func) and getter.args:
            for name in self.texts(getter.args[0]):
                yield from (f"{path}.{name}" for path in self.paths(subject))

    def _paths_of_item(self, node: ast.Subscript) -> Iterable[str]:
        match node.value:
            case ast.List(elts=elements) | ast.Tuple(elts=elements):
                for element in elements:
                    yield from self.paths(element)
            case ast.Dict(values=elements):
                for element in elements:
                    yield from self.paths(element)
            case ast.Attribute(value=base, attr="__dict__"):
                for name in self.texts(node.slice):
                    yield from self._member(base, name)
            case ast.Call(func=function, args=[base]) if "builtins.vars" in self.paths(function):
                for name in self.texts(node.slice):
                    yield from self._member(base, name)
            case ast.Name(id=name):
                for item in (*self._bound.get(name, ()), *self._bound.get(f"{name}[]", ())):
                    yield from self._paths_inside(item)
                yield from (f"{path}[]" for path in self.paths(node.value))
            case _:
                yield from (f"{path}[]" for path in self.paths(node.value))

    def _paths_inside(self, item: ast.expr | str | None) -> Iterable[str]:
        match item:
            case ast.List(elts=elements) | ast.Tuple(elts=elements):
                for element in elements:
                    yield from self.paths(element)
            case ast.Dict(values=elements):
                for element in elements:
                    yield from self.paths(element)
            case ast.expr():
                yield from self.paths(item)

    # -- constants

    def texts(self, node: ast.expr) -> tuple[str, ...]:
        """Strings that `node` may be, UNKNOWN for parts not known; wholly unknown strings are left out."""
        found = (
            value.decode("latin-1") if isinstance(value, bytes) else value for value in self.values(node)
        )
        return tuple(sorted(text for text in found if isinstance(text, str) and text.strip(UNKNOWN)))

    def is_known(self, node: ast.expr) -> bool:
        """Whether every value that `node` may have is a known constant."""
        values = self.values(node)
        return bool(values) and not any(isinstance(value, str) and UNKNOWN in value for value in values)

    def values(self, node: ast.expr) -> frozenset[Value]:
        """Constants that `node` may be; holds the string UNKNOWN where there may be others."""
        key = id(node)
        if key not in self._values:
            if ("v", key) in self._busy or len(self._busy) > _MAX_DEPTH:
                return frozenset({UNKNOWN})
            self._busy.add(("v", key))
            found = set(self._values_of(node)) or {UNKNOWN}
            self._busy.discard(("v", key))
            if len(found) > _MAX_VALUES:
                found = {*sorted(found, key=repr)[:_MAX_VALUES], UNKNOWN}
            self._values[key] = frozenset(found)
        return self._values[key]

    def _values_of(self, node: ast.expr) -> Iterable[Value]:
        match node:
            case ast.Constant(value=str() | bytes() | int() as value):
                yield value
            case ast.Name():
                for item in self._bound.get(node.id, (None,)):
                    yield from self.values(item) if isinstance(item, ast.expr) else (UNKNOWN,)
            case ast.Attribute():
                for item in self._bound.get("." + node.attr, (None,)):
                    yield from self.values(item) if isinstance(item, ast.expr) else (UNKNOWN,)
            case ast.IfExp():
                yield from self.values(node.body) | self.values(node.orelse)
            case ast.NamedExpr():
                yield from self.values(node.value)
            case ast.BoolOp():
                for operand in node.values:
                    yield from self.values(operand)
            case ast.Subscript(value=ast.Name() as name) if (elements := self._literal(name)) is not None:
                for element in elements:
                    yield from self.values(element)
            case ast.Call():
                yield from fold_call(node, self)
            case _:
                yield from fold_operation(node, self)
