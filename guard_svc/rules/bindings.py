"""What a program binds each name, attribute and container to, wherever it does so.

Knows statements. Must not know what an expression evaluates to, or which names matter. The order of
statements does not count: a name bound anywhere counts as bound everywhere. That can accuse, never overlook.
"""

import ast
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from guard_svc.rules.captures import captures
from guard_svc.walk import Walk

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
Meaning = ast.expr | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | str | None
"""An expression or definition of the program, a full dotted name from outside, or None: anything."""

ANY: Final = ast.Constant(value=...)
"""Stands for an index that is not known; iterating means taking such an element."""


def element(container: ast.expr, index: ast.expr = ANY) -> ast.expr:
    """The expression for an element of `container`, at the place of `container`."""
    return ast.copy_location(ast.Subscript(container, index, ast.Load()), container)


class Bindings:
    """All bindings of one program, by plain name, by attribute name, and by the container's name."""

    def __init__(self, walk: Walk) -> None:
        self.names: dict[str, list[Meaning]] = defaultdict(list)
        self.members: dict[str, list[Meaning]] = defaultdict(list)
        self.items: dict[str, list[ast.expr]] = defaultdict(list)
        """What is put into a container later, by its name; `.name` for an attribute."""
        self.stars: list[str] = []
        self.returns: dict[ast.AST, list[ast.expr]] = defaultdict(list)
        """What a function of the program returns or yields."""
        self.decorations: list[tuple[ast.Call, ast.AST]] = []
        """Calls that a decorator stands for, and where."""
        self._walk = walk
        self._grown: dict[str, list[ast.BinOp]] = defaultdict(list)
        self._bind_imports()
        self._bind_definitions()
        self._bind_statements()
        self._bind_growth()

    def is_own(self, name: str) -> bool:
        """Whether the program binds `name` anywhere."""
        return name in self.names

    def bind(self, target: ast.expr, value: ast.expr | None) -> None:
        """Bind whatever `target` names to `value`, taking tuples apart."""
        match target:
            case ast.Name():
                self.names[target.id].append(value)
            case ast.Attribute():
                self.members[target.attr].append(value)
            case ast.Tuple() | ast.List():
                self._bind_parts(target.elts, value)
            case ast.Starred():
                self.bind(target.value, value)
            case ast.Subscript() if value is not None:
                self.put(target.value, value)

    def put(self, container: ast.expr, value: ast.expr) -> None:
        """Note that `value` becomes an element of `container`."""
        name = container_name(container)
        if name is not None:
            self.items[name].append(value)

    def _bind_parts(self, targets: list[ast.expr], value: ast.expr | None) -> None:
        starred = any(isinstance(target, ast.Starred) for target in targets)
        literal = isinstance(value, ast.Tuple | ast.List) and not starred and value.elts
        for index, target in enumerate(targets):
            if literal and len(literal) == len(targets):
                self.bind(target, literal[index])
            elif value is None:
                self.bind(target, None)
            elif isinstance(target, ast.Starred):
                self.bind(target, ast.copy_location(ast.List([element(value)], ast.Load()), value))
            else:
                self.bind(target, element(value, ANY if starred else ast.Constant(value=index)))

    def _bind_imports(self) -> None:
        for imported in self._walk.of(ast.Import):
            for alias in imported.names:
                root = alias.name.partition(".")[0]
                self.names[alias.asname or root].append(alias.name if alias.asname else root)
        for node in self._walk.of(ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            for alias in node.names:
                if alias.name == "*":
                    self.stars.append(module)
                else:
                    self.names[alias.asname or alias.name].append(f"{module}.{alias.name}")

    def _bind_definitions(self) -> None:
        named: list[ast.FunctionDef | ast.AsyncFunctionDef] = [
            *self._walk.of(ast.FunctionDef),
            *self._walk.of(ast.AsyncFunctionDef),
        ]
        for function in named:
            self.names[function.name].append(function)
            self._bind_parameters(function.args)
            self._decorate(function)
        for anonymous in self._walk.of(ast.Lambda):
            self._bind_parameters(anonymous.args)
            self.returns[anonymous].append(anonymous.body)
        for made in self._walk.of(ast.ClassDef):
            self.names[made.name].append(made)
            self._bind_members(made)
            self._decorate(made)
        results: list[ast.Return | ast.Yield] = [*self._walk.of(ast.Return), *self._walk.of(ast.Yield)]
        for result in results:
            function_of = self._function_around(result)
            if result.value is not None and function_of is not None:
                value = result.value if isinstance(result, ast.Return) else _listed(result.value)
                self.returns[function_of].extend(
                    (value, result.value) if isinstance(result, ast.Yield) else (value,)
                )

    def _function_around(self, node: ast.AST) -> ast.AST | None:
        around = self._walk.parents.get(id(node))
        while around is not None and not isinstance(around, Function):
            around = self._walk.parents.get(id(around))
        return around

    def _bind_parameters(self, args: ast.arguments) -> None:
        positional = [*args.posonlyargs, *args.args]
        for arg in (*positional, *args.kwonlyargs, args.vararg, args.kwarg):
            if arg is not None:
                self.names[arg.arg].append(None)
        defaults = zip(reversed(positional), reversed(args.defaults), strict=False)
        for arg, default in (*defaults, *zip(args.kwonlyargs, args.kw_defaults, strict=True)):
            if default is not None:
                self.names[arg.arg].append(default)

    def _bind_members(self, made: ast.ClassDef) -> None:
        for statement in made.body:
            match statement:
                case ast.Assign():
                    for target in statement.targets:
                        if isinstance(target, ast.Name):
                            self.members[target.id].append(statement.value)
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                    self.members[name].append(value)
                case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                    self.members[statement.name].append(statement)
                case ast.Import() | ast.ImportFrom():
                    for alias in statement.names:
                        name = alias.asname or alias.name
                        self.members[name].append(ast.copy_location(ast.Name(name, ast.Load()), statement))

    def _decorate(self, made: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        """`@a` above `def f` means `f = a(f)`."""
        inner: ast.expr = ast.copy_location(ast.Name(made.name, ast.Load()), made)
        for decorator in reversed(made.decorator_list):
            call = ast.copy_location(ast.Call(decorator, [inner], []), decorator)
            self.decorations.append((call, made))
            inner = call
        if made.decorator_list:
            self.names[made.name].append(inner)
            if isinstance(self._walk.parents.get(id(made)), ast.ClassDef):
                self.members[made.name].append(inner)

    def _bind_statements(self) -> None:
        of = self._walk.of
        for assigned in of(ast.Assign):
            for target in assigned.targets:
                self._bind_assigned(target, assigned.value)
        annotated: list[ast.AnnAssign | ast.NamedExpr] = [*of(ast.AnnAssign), *of(ast.NamedExpr)]
        for node in annotated:
            self.bind(node.target, node.value)
        for grown in of(ast.AugAssign):
            self._grow(grown.target, grown.op, grown.value)
        loops: list[ast.For | ast.AsyncFor | ast.comprehension] = [*of(ast.For), *of(ast.AsyncFor)]
        for loop in [*loops, *of(ast.comprehension)]:
            self.bind(loop.target, element(loop.iter))
        for item in of(ast.withitem):
            if item.optional_vars is not None:
                self.bind(item.optional_vars, item.context_expr)
        for handler in of(ast.ExceptHandler):
            if handler.name is not None:
                self.names[handler.name].append(None)
        for match in of(ast.Match):
            for case in match.cases:
                for name, captured in captures(case.pattern, match.subject):
                    self.names[name].append(captured)

    def _bind_assigned(self, target: ast.expr, value: ast.expr) -> None:
        match target, value:
            case ast.Name(id=name), ast.BinOp(left=ast.Name(id=same)) if name == same:
                self._grow(target, value.op, value.right)
            case _:
                self.bind(target, value)

    def _grow(self, target: ast.expr, operator: ast.operator, value: ast.expr) -> None:
        """`a += x`: what a was, and x. Several in a row add up in the order of the text."""
        if isinstance(target, ast.Name):
            grown = ast.BinOp(ast.Name(target.id, ast.Load()), operator, value)
            self._grown[target.id].append(ast.copy_location(grown, value))
            self.items[target.id].append(element(value))
        elif isinstance(target, ast.Attribute):
            load = ast.copy_location(ast.Attribute(target.value, target.attr, ast.Load()), target)
            self.bind(target, ast.copy_location(ast.BinOp(load, operator, value), target))

    def _bind_growth(self) -> None:
        for name, steps in self._grown.items():
            known = [item for item in self.names[name] if isinstance(item, ast.expr)]
            steps.sort(key=lambda step: (step.lineno, step.col_offset))
            before: ast.expr = steps[0].left
            if known:
                before = known[0] if len(known) == 1 else ast.BoolOp(ast.Or(), known)
            for step in steps:
                step.left = before
                before = step
            self.names[name] += [*steps, None]


def container_name(container: ast.expr) -> str | None:
    """The key in `Bindings.items` for a container, or None for one without a name."""
    match container:
        case ast.Name(id=name):
            return name
        case ast.Attribute(attr=name):
            return "." + name
        case ast.Subscript(value=inner) | ast.Starred(value=inner):
            return container_name(inner)
    return None


def _listed(value: ast.expr) -> ast.expr:
    return ast.copy_location(ast.List([value], ast.Load()), value)


def parameters(function: Function) -> list[ast.arg]:
    """Parameters that take positional arguments."""
    return [*function.args.posonlyargs, *function.args.args]


def functions(meanings: Iterable[object]) -> list[Function]:
    """Those meanings that are functions of the program."""
    return [item for item in meanings if isinstance(item, Function)]
