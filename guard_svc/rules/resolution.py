"""What an expression may be: full dotted names of things from outside, and things that the program made.

Knows expressions, and how names lead to each other. Must not know scopes or which names are dangerous.
"""

import ast
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Final

from guard_svc.rules import outside
from guard_svc.rules.bindings import ANY, Bindings, Function, Meaning
from guard_svc.rules.containers import (
    BY_KEY,
    CONTAINERS,
    MAKERS,
    OPENERS,
    PICKERS,
    TAKERS,
    Container,
    elements,
)
from guard_svc.rules.fixpoint import Effort, Fixpoint

Own = ast.expr | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
Thing = str | Own
"""A full dotted name, or what the program made itself: a function, a class, a container."""
Things = frozenset[Thing]
Texts = Callable[[ast.expr], tuple[str, ...]]

_NOTHING: Final[Things] = frozenset()
_MAX_THINGS: Final = 200
_MAX_RESULTS: Final = 40
_MAX_DOTS: Final = 40
_MAX_CALLS: Final = 4
_DEFINITIONS: Final = (*(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef),)


class Resolution:
    """Resolver for one program. `texts` gives the strings that an expression may be."""

    def __init__(self, bindings: Bindings, texts: Texts, effort: Effort) -> None:
        self._bindings = bindings
        self._texts = texts
        self._effort = effort
        self._table: Fixpoint[Thing] = Fixpoint(self._compute, _lasting, effort)
        self._things = self._table.done
        self._paths: dict[ast.expr | str, frozenset[str]] = {}
        # One expression per element, however often it is asked for: circles of containers must close.
        self._elements: dict[tuple[ast.AST, ast.expr], list[ast.expr]] = {}
        self._by_kind: Mapping[type, Callable[..., Iterable[Thing]]] = {
            ast.Attribute: self._of_attribute,
            ast.Call: self._of_call,
            ast.Subscript: self._of_item,
            ast.IfExp: lambda node: self.things(node.body) | self.things(node.orelse),
            ast.BoolOp: lambda node: self._union(node.values),
            ast.NamedExpr: lambda node: self.things(node.value),
            ast.Await: lambda node: self.things(node.value),
            ast.Starred: lambda node: self.things(node.value),
            ast.BinOp: self._of_operator,
            ast.Lambda: lambda node: (node,),
            **{kind: lambda node: (node,) for group in CONTAINERS for kind in group.__args__},
        }

    def things(self, node: ast.expr) -> Things:
        """All that `node` may be; empty when unknown."""
        if type(node) is ast.Name:
            name = node.id
            return self._things[name] if name in self._things else self._table(name)
        if type(node) not in self._by_kind:
            return _NOTHING
        found = self._things.get(node)
        return self._table(node) if found is None else found

    def paths(self, node: ast.expr) -> frozenset[str]:
        """Full dotted names that `node` may be; empty when unknown. A call's result ends in `()`."""
        key = node.id if type(node) is ast.Name else node
        found = self._paths.get(key)
        if found is None:
            found = frozenset(thing for thing in self.things(node) if isinstance(thing, str))
            if not self._table.is_open():
                self._paths[key] = found
        return found

    def _compute(self, key: Hashable) -> Things:
        found = self._of_name(key) if isinstance(key, str) else self._by_kind[type(key)](key)
        return self._bounded(found if isinstance(found, frozenset) else frozenset(found))

    def _bounded(self, found: Things) -> Things:
        """Not more than is followed: results of calls are objects, of which some stand for all."""
        if len(found) <= _MAX_RESULTS:
            return found
        kept = _lasting(found)
        if len(kept) > _MAX_THINGS:
            self._effort.stop("A name has more meanings than are followed.")
            return _NOTHING
        results = sorted(thing for thing in found if isinstance(thing, str) and thing not in kept)
        return kept.union(results[:_MAX_RESULTS])

    def _union(self, nodes: Iterable[ast.expr]) -> Things:
        return _NOTHING.union(*(self.things(node) for node in nodes))

    def _of_name(self, name: str) -> Iterable[Thing]:
        bound = self._bindings.names.get(name)
        if bound is None:
            return outside.unbound(name, self._bindings.stars)
        return self._meanings(bound)

    def _meanings(self, bound: Sequence[Meaning]) -> Things:
        found: set[Thing] = set()
        self._effort.spend(len(bound) // 4)
        for item in bound:
            if isinstance(item, str) or type(item) in _DEFINITIONS:
                found.add(item)  # type: ignore[arg-type]
            elif isinstance(item, ast.expr):
                found.update(self.things(item))
        return frozenset(found)

    def _of_attribute(self, node: ast.Attribute) -> Iterable[Thing]:
        return self._member(node.value, node.attr)

    def _member(self, base: ast.expr, attribute: str) -> set[Thing]:
        things = self.things(base)
        found: set[Thing] = set()
        for thing in things:
            if isinstance(thing, str):
                if thing.count(".") >= _MAX_DOTS:
                    self._effort.stop("A name is longer than is followed.")
                else:
                    found.add(f"{thing}.{attribute}")
        bound = self._bindings.members.get(attribute)
        if bound is not None:
            found.update(self._meanings(bound))
        if attribute == "__func__" or attribute == "func":
            found.update(things)
        return found

    def _of_operator(self, node: ast.BinOp) -> Things:
        if not isinstance(node.op, ast.Add | ast.BitOr | ast.Mult):
            return _NOTHING
        found: list[ast.expr] = []
        first: ast.expr = node
        while isinstance(first, ast.BinOp) and (first is node or not self._table.is_known(first)):
            found.append(first.right)
            first = first.left
        self._effort.spend(len(found))
        return frozenset(thing for thing in self._union([first, *found]) if isinstance(thing, ast.expr))

    def _of_call(self, call: ast.Call) -> set[Thing]:
        found: set[Thing] = set()
        for thing in self.things(call.func):
            if isinstance(thing, str):
                found.update(self._result(thing, call))
            elif isinstance(thing, ast.ClassDef):
                found.add(thing)
            elif isinstance(thing, Function):
                found.update(self._union(self._bindings.returns.get(thing, ())))
        if isinstance(call.func, ast.Attribute):
            found.update(self._of_method(call, call.func))
        elif isinstance(call.func, ast.Call):
            found.update(self._of_getter(call.func, call))
        return found

    def _result(self, path: str, call: ast.Call) -> Iterable[Thing]:
        if path in outside.GETTERS and len(call.args) >= 2:
            return set[Thing]().union(
                *(self._chain(call.args[0], name) for name in self._texts(call.args[1]))
            )
        if path in outside.IMPORTERS and call.args:
            names = self._texts(call.args[0])
            return {part for name in names for part in (name.replace(":", "."), name.partition(".")[0])}
        if path in outside.SAME and call.args:
            return self._union(call.args[-1:] if path == "typing.cast" else call.args[:1])
        if path in PICKERS:
            return set[Thing]().union(
                *(self._inside(arg, index) for arg in call.args for index in (ANY, BY_KEY))
            )
        if path in outside.READERS and call.args:
            return [thing for text in self._texts(call.args[0]) if (thing := outside.read(text)) is not None]
        if path == "builtins.vars" and call.args:
            return {f"{inner}.__dict__" for inner in self.paths(call.args[0])}
        if path.endswith(".__getattribute__") and call.args:
            base = path.removesuffix(".__getattribute__")
            return {f"{base}.{name}" for name in self._texts(call.args[-1])}
        if path.count("(") >= _MAX_CALLS:
            return ()
        return {path + "()", call} if path in MAKERS else {path + "()"}

    def _chain(self, base: ast.expr, dotted: str) -> set[Thing]:
        """The attribute of an attribute of ... `base`, as `attrgetter` spells it."""
        first, _, rest = dotted.partition(".")
        found = self._member(base, first)
        return {f"{thing}.{rest}" for thing in found if isinstance(thing, str)} if rest else found

    def _of_method(self, call: ast.Call, method: ast.Attribute) -> set[Thing]:
        """What methods of containers and namespaces give."""
        if method.attr in OPENERS:
            return {call} if any(isinstance(thing, ast.AST) for thing in self.things(method.value)) else set()
        if method.attr in TAKERS:
            index = call.args[0] if call.args else BY_KEY
            return self._inside(method.value, index) | self._union(call.args[1:])
        return set()

    def _of_getter(self, getter: ast.Call, call: ast.Call) -> set[Thing]:
        """`attrgetter('a')(x)`, `itemgetter(0)(x)`, `methodcaller('m')(x)`."""
        paths = self.paths(getter.func)
        if not call.args or not getter.args or not any(path.startswith("operator.") for path in paths):
            return set()
        subject = call.args[0]
        found: set[Thing] = set()
        if "operator.attrgetter" in paths:
            for name in (name for arg in getter.args for name in self._texts(arg)):
                found.update(self._chain(subject, name))
        if "operator.itemgetter" in paths:
            found.update(self._inside(subject, getter.args[0]))
        if "operator.methodcaller" in paths:
            for name in self._texts(getter.args[0]):
                found.update({f"{path}.{name}()" for path in self.paths(subject)})
        return found

    def _of_item(self, node: ast.Subscript) -> set[Thing]:
        return self._inside(node.value, node.slice)

    def _inside(self, container: ast.expr, index: ast.expr) -> set[Thing]:
        found: set[Thing] = set()
        for thing in self.things(container):
            if isinstance(thing, str):
                found.update(self._entry(thing, index))
            elif isinstance(thing, ast.expr) and not isinstance(thing, ast.Lambda):
                for part in self.elements(thing, index):
                    found.update(self.things(part))
        for part in self.put_into(container):
            found.update(self.things(part))
        return found

    def elements(self, container: ast.expr, index: ast.expr) -> list[ast.expr]:
        """What `container[index]` may be, for a container among the things of some expression."""
        key = (container, index)
        if key not in self._elements:
            self._elements[key] = elements(container, index) if isinstance(container, Container) else []
        return self._elements[key]

    def put_into(self, container: ast.expr) -> Iterable[ast.expr]:
        """What the program puts into a container that has a name."""
        items = self._bindings.items
        if not items:
            return ()
        if isinstance(container, ast.Name):
            return items.get(container.id, ())
        return items.get("." + container.attr, ()) if isinstance(container, ast.Attribute) else ()

    def _entry(self, path: str, index: ast.expr) -> Iterable[Thing]:
        """An entry of something from outside: of a namespace by name, else just `path[]`."""
        if path.endswith(".__dict__") or path in ("builtins", "sys.modules") or path in outside.NAMESPACES:
            names = self._texts(index)
            if path in outside.NAMESPACES:
                return _NOTHING.union(*(self._table(name) for name in names))
            root = path.removesuffix(".__dict__")
            return {name if path == "sys.modules" else f"{root}.{name}" for name in names}
        return () if path.endswith("[]") else (path + "[]",)


def _lasting(found: Things) -> Things:
    """Names of things rather than of results of calls: those must be followed to the end."""
    return frozenset(
        thing for thing in found if not isinstance(thing, str) or ("(" not in thing and "[" not in thing)
    )
