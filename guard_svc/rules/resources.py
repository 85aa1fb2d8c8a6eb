"""Loops that nothing ends, and sizes that nothing holds.

Knows control flow; must not know files or what modules can do.
"""

import ast
from collections.abc import Iterator
from typing import Final

from guard_svc.rules import growth, patterns, volumes
from guard_svc.rules.sizes import number
from guard_svc.rules.subject import Subject

_HUGE_ITEMS: Final = 10**9
_HUGE_BITS: Final = 10**7
_HUGE_LOOP: Final = 10**11
_ENDLESS: Final = frozenset({"itertools.count()", "itertools.cycle()"})
_MATERIALISE: Final = frozenset(
    {f"builtins.{name}" for name in ("list", "tuple", "set", "sorted", "sum", "max", "min")}
)
_ALLOCATE: Final = frozenset(
    {"builtins.bytearray", "builtins.bytes", "builtins.range"}
    | {
        f"numpy.{name}"
        for name in ("zeros", "ones", "empty", "full", "arange", "eye", "identity", "linspace")
    }
    | {f"numpy.random.{name}" for name in ("rand", "randn", "random", "bytes")}
)
_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef


def check(subject: Subject) -> None:
    """Loops, repetitions, powers, allocations, and functions that always call themselves."""
    for node in subject.nodes:
        match node:
            case ast.While() if _always_true(node.test) and not _can_leave(subject, node.body):
                subject.report("threat.resource.endless_loop", node, "Nothing ends this loop.")
            case ast.For() if subject.names.paths(node.iter) & _ENDLESS and not _can_leave(
                subject, node.body
            ):
                subject.report("threat.resource.endless_loop", node, "Nothing ends this loop.")
            case ast.BinOp(op=ast.Mult()):
                _check_repetition(subject, node)
            case ast.BinOp(op=ast.Pow()):
                _check_power(subject, node)
            case ast.Call():
                _check_call(subject, node)
            case ast.FunctionDef():
                _check_recursion(subject, node)
    for more in (growth, volumes, patterns):
        more.check(subject)


def _always_true(test: ast.expr) -> bool:
    match test:
        case ast.Constant():
            return bool(test.value)
        case ast.Compare() | ast.BinOp():
            constants = [
                part for part in ast.walk(test) if isinstance(part, ast.Name | ast.Call | ast.Attribute)
            ]
            return not constants and not _false_comparison(test)
        case ast.UnaryOp(op=ast.Not(), operand=ast.Constant(value=value)):
            return not value
        case ast.List() | ast.Tuple() | ast.Set() | ast.Dict():
            return bool(
                next((part for part in ast.iter_child_nodes(test) if isinstance(part, ast.expr)), None)
            )
        case ast.Call(func=ast.Name(id="len" | "bool"), args=[inner]):
            return _always_true(inner)
    return False


def _false_comparison(test: ast.expr) -> bool:
    match test:
        case ast.Compare(
            left=ast.Constant(value=left), ops=[operator], comparators=[ast.Constant(value=right)]
        ):
            return (left == right) != isinstance(operator, ast.Eq | ast.LtE | ast.GtE | ast.Is)
    return False


def _can_leave(subject: Subject, body: list[ast.stmt]) -> bool:
    return any(_leaves(subject, node, outer=True) for statement in body for node in [statement])


def _leaves(subject: Subject, node: ast.AST, *, outer: bool) -> bool:
    """Whether `node`, inside a loop, may leave it. A break inside an inner loop leaves only that one."""
    if isinstance(node, ast.Return | ast.Raise | ast.Yield | ast.YieldFrom | ast.Assert):
        return True
    if isinstance(node, ast.Break):
        return outer
    if isinstance(node, ast.Call) and subject.names.paths(node.func) & {
        "sys.exit",
        "builtins.exit",
        "builtins.quit",
    }:
        return True
    if isinstance(node, ast.Call) and subject.names.paths(node.func) & {"builtins.next", "builtins.input"}:
        return True
    if isinstance(node, _Function):
        return False
    if isinstance(node, ast.While | ast.For | ast.AsyncFor):
        inside = any(_leaves(subject, child, outer=False) for child in node.body)
        return inside or any(_leaves(subject, child, outer=outer) for child in node.orelse)
    return any(_leaves(subject, child, outer=outer) for child in ast.iter_child_nodes(node))


def _sizes(subject: Subject, node: ast.expr) -> Iterator[int]:
    if isinstance(node, ast.Tuple | ast.List):
        total = 1
        for element in node.elts:
            total *= max(_sizes(subject, element), default=1)
        yield total
        return
    yield from (abs(value) for value in subject.names.values(node) if isinstance(value, int))
    if isinstance(node, ast.Constant) and isinstance(node.value, float) and node.value < 1e300:
        yield abs(int(node.value))
    if isinstance(node, ast.Call) and subject.names.paths(node.func) & {"builtins.int"} and node.args:
        yield from _sizes(subject, node.args[0])


def _check_size(subject: Subject, node: ast.AST, sizes: list[ast.expr], limit: int) -> None:
    total = 1
    for size in sizes:
        total *= max(_sizes(subject, size), default=1)
    if total >= limit:
        subject.report("threat.resource.explosion", node, "A literal size that no run can hold.")


def _check_power(subject: Subject, node: ast.BinOp) -> None:
    base, exponent = number(subject, node.left), number(subject, node.right)
    if base is not None and exponent is not None and base > 1 and base.bit_length() * exponent > _HUGE_BITS:
        subject.report(
            "threat.resource.explosion", node, "A number that takes longer to write than any run has."
        )


def _check_repetition(subject: Subject, node: ast.BinOp) -> None:
    for sequence, count in ((node.left, node.right), (node.right, node.left)):
        text = isinstance(sequence, ast.Constant) and isinstance(sequence.value, str | bytes)
        if text or isinstance(sequence, ast.List | ast.Tuple | ast.JoinedStr):
            _check_size(subject, node, [count], _HUGE_ITEMS // 4)


def _check_call(subject: Subject, call: ast.Call) -> None:
    paths = subject.names.paths(call.func)
    if paths & _MATERIALISE and call.args:
        inner = call.args[0]
        if subject.names.paths(inner) & _ENDLESS:
            subject.report("threat.resource.endless_loop", call, "An endless series is collected.")
        if isinstance(inner, ast.Call) and "builtins.range" in subject.names.paths(inner.func):
            for size in inner.args:
                _check_size(subject, call, [size], _HUGE_ITEMS)
    if paths & _ALLOCATE:
        limit = _HUGE_LOOP if "builtins.range" in paths else _HUGE_ITEMS
        sizes = call.args if paths & {"numpy.random.rand", "numpy.random.randn"} else call.args[:1]
        _check_size(subject, call, sizes, limit)
    if paths & {"math.factorial"} and call.args:
        _check_size(subject, call, [call.args[0]], 10**6)


def _check_recursion(subject: Subject, function: ast.FunctionDef) -> None:
    for statement in function.body:
        if isinstance(statement, ast.Expr | ast.Return | ast.Assign) and statement.value is not None:
            inner = list(ast.walk(statement.value))
            if any(
                isinstance(node, ast.IfExp | ast.BoolOp | ast.Lambda | ast.comprehension) for node in inner
            ):
                continue
            calls = (node.func for node in inner if isinstance(node, ast.Call))
            if any(isinstance(called, ast.Name) and called.id == function.name for called in calls):
                subject.report("threat.resource.recursion", function, f"{function.name} always calls itself.")
        if not isinstance(statement, ast.Expr | ast.Assign | ast.Import | ast.ImportFrom | ast.Global):
            return
