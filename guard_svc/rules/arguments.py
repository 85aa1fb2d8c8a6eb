"""Where a call passes what the catalogue asks for, and what a constant looks like in a message.

Knows syntax of calls. Must not know scopes, effects, or what a value is used for.
"""

import ast
from collections.abc import Iterator
from typing import Final

from guard_svc.rules.catalogue import Argument, Effect
from guard_svc.rules.fold import UNKNOWN

_SHOWN: Final = 120


def argument(call: ast.Call, where: Argument) -> ast.expr | None:
    """The expression that a call passes for `where`, or None."""
    for keyword in call.keywords:
        if where.is_keyword(keyword.arg):
            return keyword.value
    if where.position is not None and where.position < len(call.args):
        found = call.args[where.position]
        return found.value if isinstance(found, ast.Starred) else found
    return None


def targets(call: ast.Call, effect: Effect) -> Iterator[ast.expr]:
    """What the effect acts on: the object whose method is called, or the argument for it."""
    if effect.receiver and isinstance(call.func, ast.Attribute):
        yield call.func.value
        return
    for where in effect.arguments:
        if (found := argument(call, where)) is not None:
            yield found


def is_unpacked(call: ast.Call) -> bool:
    """Whether `**something` may pass arguments that cannot be seen."""
    return any(item.arg is None for item in call.keywords)


def shown(text: str) -> str:
    """`text` for a message: unknown parts as an ellipsis, and not longer than a line."""
    plain = text.replace(UNKNOWN, "…")
    return repr(plain if len(plain) <= _SHOWN else plain[:_SHOWN] + "…")
