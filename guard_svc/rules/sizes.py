"""How large constant expressions are: numbers, lengths, and how often loops turn.

Knows arithmetic on syntax. Must not know limits or what is reported. Unknown is None, never zero.
"""

import ast
import math
from collections.abc import Callable, Mapping
from typing import Final

from guard_svc.rules.subject import Subject
from guard_svc.rules.words import SAME_LENGTH

ENDLESS: Final = 10**30
"""Stands for a series that does not end."""
_MAX_DEPTH: Final = 8


def number(subject: Subject, node: ast.expr | None) -> int | None:
    """The largest whole number that `node` is known to be, rounded down; None when it is not known."""
    match node:
        case None:
            return None
        case ast.Constant(value=bool()):
            return None
        case ast.Constant(value=float(value)):
            return int(min(abs(value), 1e300))
        case ast.Call(args=[inner]) if "builtins.int" in subject.names.paths(node.func):
            return number(subject, inner)
        case ast.BinOp(op=ast.Mult(), left=left, right=right):
            return _product(number(subject, left), number(subject, right))
    return max((abs(value) for value in subject.names.values(node) if isinstance(value, int)), default=None)


def _product(left: int | None, right: int | None) -> int | None:
    return None if left is None or right is None else left * right


def length(subject: Subject, node: ast.expr | None, depth: int = 0) -> int | None:
    """How many items or characters `node` has; None when it is not known."""
    if node is None or depth > _MAX_DEPTH:
        return None
    match node:
        case ast.Constant(value=str() | bytes() as text):
            return len(text)
        case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
            return None if any(isinstance(item, ast.Starred) for item in elements) else len(elements)
        case ast.BinOp(op=ast.Mult(), left=left, right=right):
            return _repeated(subject, left, right, depth) or _repeated(subject, right, left, depth)
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            parts = [length(subject, part, depth + 1) for part in (left, right)]
            return sum(part or 0 for part in parts) or None
        case ast.JoinedStr(values=values):
            return sum(len(str(value.value)) if isinstance(value, ast.Constant) else 1 for value in values)
        case ast.Call():
            return _length_of_call(subject, node, depth + 1)
    texts = subject.names.texts(node)
    return max(map(len, texts)) if texts else _length_of_name(subject, node, depth + 1)


def _length_of_name(subject: Subject, node: ast.expr, depth: int) -> int | None:
    """The length of what a name is bound to, when it is bound once."""
    meanings = subject.names.bindings.names.get(node.id, ()) if isinstance(node, ast.Name) else ()
    only = meanings[0] if len(meanings) == 1 else None
    return length(subject, only, depth) if isinstance(only, ast.expr) else None


def _repeated(subject: Subject, sequence: ast.expr, count: ast.expr, depth: int) -> int | None:
    if isinstance(sequence, ast.Constant) and not isinstance(sequence.value, str | bytes):
        return None
    return _product(length(subject, sequence, depth + 1), number(subject, count))


def _length_of_call(subject: Subject, call: ast.Call, depth: int) -> int | None:
    paths = subject.names.paths(call.func)
    if isinstance(call.func, ast.Attribute) and call.func.attr in ("encode", "decode", "upper", "lower"):
        return length(subject, call.func.value, depth)
    if paths & SAME_LENGTH and call.args:
        return length(subject, call.args[0], depth)
    if any(_is_endless(thing) for thing in subject.names.things(call.func)):
        return ENDLESS
    for path in paths & _SERIES.keys():
        return _SERIES[path](subject, call, depth)
    return None


def _is_endless(thing: object) -> bool:
    """Whether `thing` is a generator of the program that yields for ever."""
    if not isinstance(thing, ast.FunctionDef):
        return False
    for statement in thing.body:
        match statement:
            case ast.While(test=ast.Constant(value=value)) if value:
                nodes = list(ast.walk(statement))
                yields = any(isinstance(node, ast.Yield) for node in nodes)
                return yields and not any(
                    isinstance(node, ast.Break | ast.Return | ast.Raise) for node in nodes
                )
    return False


def _range(subject: Subject, call: ast.Call, _depth: int) -> int | None:
    numbers = [number(subject, arg) for arg in call.args]
    if not numbers or numbers[0] is None or None in numbers:
        return None
    low, high, step = 0, numbers[0], 1
    if len(numbers) > 1:
        low, high = numbers[0], numbers[1] or 0
        step = (numbers[2] or 1) if len(numbers) > 2 else 1
    return abs(high - low) // max(step, 1)


def _arange(subject: Subject, call: ast.Call, depth: int) -> int | None:
    step = call.args[2] if len(call.args) > 2 else None
    if isinstance(step, ast.Constant) and isinstance(step.value, float) and step.value > 0:
        low, high = number(subject, call.args[0]), number(subject, call.args[1])
        return None if low is None or high is None else int(abs(high - low) / step.value)
    return _range(subject, call, depth)


def _linspace(subject: Subject, call: ast.Call, _depth: int) -> int | None:
    words = {keyword.arg: keyword.value for keyword in call.keywords}
    return number(subject, call.args[2] if len(call.args) > 2 else words.get("num"))


def _orders(counter: Callable[[int, int], int]) -> Callable[[Subject, ast.Call, int], int | None]:
    def count(subject: Subject, call: ast.Call, depth: int) -> int | None:
        items = length(subject, call.args[0] if call.args else None, depth)
        chosen = number(subject, call.args[1]) if len(call.args) > 1 else items
        if items is None or chosen is None or items > 10**4:
            return items
        return counter(items, min(chosen, items))

    return count


def _cartesian(subject: Subject, call: ast.Call, depth: int) -> int | None:
    words = {keyword.arg: keyword.value for keyword in call.keywords}
    rounds = number(subject, words["repeat"]) if "repeat" in words else 1
    total = 1
    for arg in call.args:
        items = length(subject, arg, depth)
        if items is None:
            return None
        total *= max(items, 1)
    return min(int(total ** min(rounds or 1, 64)), ENDLESS)


def _repeat(subject: Subject, call: ast.Call, _depth: int) -> int | None:
    return number(subject, call.args[1]) if len(call.args) > 1 else ENDLESS


def _sentinel(subject: Subject, call: ast.Call, _depth: int) -> int | None:
    """`iter(int, 1)`: a function that never returns the value at which the series would end."""
    if len(call.args) < 2:
        return None
    plain = subject.names.paths(call.args[0]) & {
        f"builtins.{name}" for name in ("int", "str", "list", "dict")
    }
    constant = isinstance(call.args[0], ast.Lambda) and isinstance(call.args[0].body, ast.Constant)
    return ENDLESS if plain or constant else None


def _endless(_subject: Subject, _call: ast.Call, _depth: int) -> int | None:
    return ENDLESS


_SERIES: Final[Mapping[str, Callable[[Subject, ast.Call, int], int | None]]] = {
    "builtins.range": _range,
    "numpy.arange": _arange,
    "numpy.linspace": _linspace,
    "itertools.permutations": _orders(math.perm),
    "itertools.combinations": _orders(math.comb),
    "itertools.combinations_with_replacement": _orders(
        lambda items, chosen: math.comb(items + chosen, chosen)
    ),
    "itertools.product": _cartesian,
    "itertools.repeat": _repeat,
    "itertools.count": _endless,
    "itertools.cycle": _endless,
    "builtins.iter": _sentinel,
}
