"""What grows while it runs: loops that run away from their end, data that doubles, functions that multiply.

Knows control flow and names. Must not know limits of scopes, files or what modules can do.
"""

import ast
from collections import Counter
from collections.abc import Iterator
from typing import Final

from guard_svc.rules.sizes import length, number
from guard_svc.rules.subject import Subject
from guard_svc.rules.words import JOINS, SPAWNERS

_DOUBLINGS: Final = 24
"""Rounds after which something that doubles is sixteen million times as large."""
_ROUNDS: Final = 10**7
_SQUARINGS: Final = 3
_DEEP: Final = 40
"""A doubly recursive function with such an argument makes a billion calls."""
_PRODUCTS: Final = frozenset({"numpy.kron", "numpy.outer", "scipy.linalg.kron", "scipy.sparse.kron"})
_EXITS: Final = ast.Break | ast.Return | ast.Raise
_MAY_END: Final = frozenset({"builtins.next", "builtins.input", "builtins.exit", "builtins.quit"})
_LARGE: Final = 10**8
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def check(subject: Subject) -> None:
    """Loops, reductions and functions."""
    functions: dict[str, _Function] = {}
    for node in subject.nodes:
        match node:
            case ast.While():
                _check_while(subject, node)
                if _runs_long(subject, node):
                    _check_doubling(subject, node)
            case ast.For():
                _check_own_end(subject, node)
                rounds = length(subject, node.iter) or 0
                if rounds >= _DOUBLINGS or (rounds >= _SQUARINGS and _crosses(node)):
                    _check_doubling(subject, node)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                functions[node.name] = node
            case ast.Call():
                _check_reduction(subject, node)
    for function in functions.values():
        _check_spawning(subject, function)
    _check_multiplying(subject, functions)
    _check_circles(subject, functions)


def _report_endless(subject: Subject, node: ast.AST, why: str) -> None:
    subject.report("threat.resource.endless_loop", node, f"Nothing ends this loop: {why}.")


def _check_while(subject: Subject, loop: ast.While) -> None:
    """`while n > 0: n += 1`, and `while n < 9: m += 1`."""
    match loop.test:
        case ast.Compare(left=ast.Name(id=name), ops=[operator], comparators=[bound]):
            if any(isinstance(node, _EXITS) for node in ast.walk(loop)) or number(subject, bound) is None:
                return
            steps = list(_steps(loop, name))
            if not steps and not _mentions_elsewhere(subject, loop, name):
                _report_endless(subject, loop, f"{name} never changes in it")
            elif steps and all(_runs_away(step, operator) for step in steps):
                _report_endless(subject, loop, f"{name} moves away from its end")


def _steps(loop: ast.While, name: str) -> Iterator[ast.AST]:
    """All statements in the loop that bind `name`."""
    nodes = list(ast.walk(loop))
    steps: dict[int, ast.AST] = {id(node.target): node for node in nodes if isinstance(node, ast.AugAssign)}
    for node in nodes:
        if isinstance(node, ast.Name) and node.id == name and not isinstance(node.ctx, ast.Load):
            yield steps.get(id(node), node)


def _mentions_elsewhere(subject: Subject, loop: ast.While, name: str) -> bool:
    """Whether something in the body may change what `name` stands for, or end the program."""
    for node in (node for statement in loop.body for node in ast.walk(statement)):
        match node:
            case ast.Yield() | ast.YieldFrom() | ast.Await() | ast.Global() | ast.Nonlocal():
                return True
            case ast.Call(func=ast.Name() as function):
                paths = subject.names.paths(function)
                if not paths or paths & _MAY_END or not all(path.startswith("builtins.") for path in paths):
                    return True
            case ast.Attribute(value=ast.Name(id=owner), attr=member) if owner == name or member == "exit":
                return True
    return False


def _runs_away(step: ast.AST, operator: ast.cmpop) -> bool:
    match step:
        case ast.AugAssign(op=ast.Add() | ast.Mult(), value=ast.Constant(value=int(amount))) if amount > 0:
            return isinstance(operator, ast.Gt | ast.GtE)
        case ast.AugAssign(op=ast.Sub(), value=ast.Constant(value=int(amount))) if amount > 0:
            return isinstance(operator, ast.Lt | ast.LtE)
    return False


def _check_own_end(subject: Subject, loop: ast.For) -> None:
    """`for job in jobs: jobs.append(job)` never reaches the end of its list."""
    if not isinstance(loop.iter, ast.Name) or any(isinstance(node, _EXITS) for node in ast.walk(loop)):
        return
    for statement in loop.body:
        match statement:
            case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=method))):
                if name == loop.iter.id and method in ("append", "extend", "insert"):
                    _report_endless(subject, loop, f"it makes {name}, which it goes through, longer")


def _check_doubling(subject: Subject, loop: ast.For | ast.While) -> None:
    """`table = concat([table, table])`, again and again."""
    for node in ast.walk(loop):
        target, value = _joined(node)
        if target is None:
            target, value = _repeated(subject, node)
        if target is None or value is None:
            continue
        if Counter(_wholes(value))[target] > 1:
            message = f"{target} doubles in each round, which no run's memory holds for long."
            subject.report("threat.resource.explosion", node, message)


def _runs_long(subject: Subject, loop: ast.While) -> bool:
    """Whether a loop has no way out before something in it is enormous."""
    if any(isinstance(part, _EXITS) for part in ast.walk(loop)):
        return False
    match loop.test:
        case ast.Compare(comparators=[bound]):
            return (number(subject, bound) or 0) >= _LARGE
    return isinstance(loop.test, ast.Constant)


def _crosses(loop: ast.For) -> bool:
    """Whether tables are joined row by row with all rows: each round squares the size."""
    return any(
        isinstance(node, ast.keyword) and isinstance(node.value, ast.Constant) and node.value.value == "cross"
        for node in ast.walk(loop)
    )


def _wholes(node: ast.AST) -> Iterator[str]:
    """Names that are used as a whole: not `x` in `x[-1]` or `x.y`, apart from a method that is called."""
    if isinstance(node, ast.Name):
        yield node.id
    elif not isinstance(node, ast.Subscript | ast.Attribute):
        for child in ast.iter_child_nodes(node):
            yield from _wholes(child)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        yield from _wholes(node.func.value)


def _joined(node: ast.AST) -> tuple[str | None, ast.expr | None]:
    """The name that a statement replaces by a join of something, and that join."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call) if _is_join(call):
            return name, call
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=ast.Name(id=name))) as call) if _is_extension(
            call
        ):
            return name, call
    return None, None


def _repeated(subject: Subject, node: ast.AST) -> tuple[str | None, ast.expr | None]:
    """A text or list that is replaced by itself twice; numbers may double for long."""
    match node:
        case ast.AugAssign(target=ast.Name(id=name), op=ast.Add(), value=ast.Name() as value):
            doubled = ast.BinOp(value, ast.Add(), value)
            return (name, doubled) if value.id == name and _is_sequence(subject, value) else (None, None)
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.BinOp(op=ast.Add()) as value):
            return (name, value) if _is_sequence(subject, value.left) else (None, None)
        case ast.Assign(
            targets=[ast.Name(id=name)], value=ast.BinOp(left=ast.Name() as left, op=ast.Mult(), right=factor)
        ) if left.id == name and _is_sequence(subject, left) and (number(subject, factor) or 0) > 1:
            return name, ast.BinOp(left, ast.Add(), left)
    return None, None


def _is_sequence(subject: Subject, node: ast.expr) -> bool:
    things = subject.names.things(node)
    return bool(subject.names.texts(node)) or any(isinstance(thing, ast.List | ast.Tuple) for thing in things)


def _is_extension(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr == "extend"


def _is_join(call: ast.Call) -> bool:
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return name in JOINS


def _check_reduction(subject: Subject, call: ast.Call) -> None:
    if "functools.reduce" not in subject.names.paths(call.func) or len(call.args) < 2:
        return
    rounds = length(subject, call.args[1])
    if rounds is not None and rounds >= _ROUNDS:
        message = f"Goes through {rounds:,} items, which no run's time holds."
        subject.report("threat.resource.explosion", call, message)
    if subject.names.paths(call.args[0]) & _PRODUCTS and (rounds is None or rounds > 3):
        message = "A product of products: each round multiplies the size by that of the next factor."
        subject.report("threat.resource.explosion", call, message)


def _check_spawning(subject: Subject, function: _Function) -> None:
    """A function that starts itself in a new thread or process, which does the same."""
    for node in ast.walk(function):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        given = (*node.args, *(keyword.value for keyword in node.keywords))
        if called in SPAWNERS and any(isinstance(arg, ast.Name) and arg.id == function.name for arg in given):
            message = f"{function.name} starts itself again with {called}, and each of those does the same."
            subject.report("threat.resource.explosion", node, message)


def _check_multiplying(subject: Subject, functions: dict[str, _Function]) -> None:
    """`f(n-1) + f(n-2)` without memory, called with a large number."""
    twice = {name for name, function in functions.items() if _calls_itself_twice(function)}
    for node in subject.nodes if twice else ():
        match node:
            case ast.Call(func=ast.Name(id=name), args=args) if name in twice:
                largest = max(
                    (number(subject, arg) or 0 for arg in args if isinstance(arg, ast.Constant)), default=0
                )
                if largest >= _DEEP:
                    message = f"{name}({largest}) calls itself twice each time: some 2**{largest} calls."
                    subject.report("threat.resource.explosion", node, message)


def _calls_itself_twice(function: _Function) -> bool:
    remembers = any("cache" in ast.dump(decorator) for decorator in function.decorator_list)
    for node in ast.walk(function):
        if isinstance(node, ast.BinOp) and not remembers:
            called = [part.func for part in ast.walk(node) if isinstance(part, ast.Call)]
            if sum(isinstance(name, ast.Name) and name.id == function.name for name in called) > 1:
                return not any(isinstance(part, ast.Subscript) and isinstance(part.ctx, ast.Store)
                               for part in ast.walk(function))  # fmt: skip
    return False


def _check_circles(subject: Subject, functions: dict[str, _Function]) -> None:
    """Functions that do nothing but call each other."""
    always = {name: callee for name, function in functions.items() if (callee := _only_call(function))}
    for name in always:
        seen, current = {name}, always.get(name)
        while current is not None and current not in seen:
            seen.add(current)
            current = always.get(current)
        if current == name and always[name] != name:
            message = f"{name} and {always[name]} always call each other."
            subject.report("threat.resource.recursion", functions[name], message)


def _only_call(function: _Function) -> str | None:
    last = function.body[-1] if function.body else None
    match last:
        case ast.Return(value=ast.expr() as value) | ast.Expr(value=value) if len(function.body) == 1:
            unsure = ast.IfExp | ast.BoolOp | ast.Lambda | ast.comprehension
            if any(isinstance(node, unsure) for node in ast.walk(value)):
                return None
            return next(
                (
                    node.func.id
                    for node in ast.walk(value)
                    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
                ),
                None,
            )
    return None
