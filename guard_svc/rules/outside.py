"""Names from outside the program: what is built in, what a program may mean without an import, what leads on.

Knows names of the standard library that give access to other names. Must not know the program or its
bindings.
"""

import ast
import builtins
import json
import sys
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

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
NAMESPACES: Final = frozenset({"builtins.globals()", "builtins.locals()", "builtins.vars()"})
GETTERS: Final = frozenset(
    {
        "builtins.getattr",
        "inspect.getattr_static",
        "builtins.object.__getattribute__",
        "builtins.type.__getattribute__",
    }
)
IMPORTERS: Final = frozenset(
    {"builtins.__import__", "importlib.import_module", "importlib.__import__", "pkgutil.resolve_name"}
)
SAME: Final = frozenset(
    {
        "functools.partial",
        "functools.wraps",
        "functools.partialmethod",
        "builtins.staticmethod",
        "builtins.classmethod",
        "builtins.property",
    }
    | {
        "copy.copy",
        "copy.deepcopy",
        "functools.lru_cache",
        "functools.cache",
        "functools.cached_property",
        "typing.cast",
        "builtins.memoryview",
    }
)
"""Functions whose result stands for one of their arguments."""


READERS: Final = frozenset({"json.loads", "ast.literal_eval"})
_MAX_TEXT: Final = 4096


def unbound(name: str, stars: Sequence[str]) -> list[str]:
    """What a name stands for that the program does not bind; `stars` are modules imported with `*`."""
    if name == "__builtins__":
        return ["builtins"]
    if name in _BUILTINS:
        return [f"builtins.{name}"]
    if stars:
        return [f"{module}.{name}" for module in stars]
    if name in MODULE_NAMES:
        return [name]
    return [USUAL_ALIASES[name]] if name in USUAL_ALIASES else []


@lru_cache(maxsize=256)
def read(text: str) -> ast.expr | None:
    """The container that a constant text of JSON or Python spells."""
    for read in (json.loads, ast.literal_eval):
        try:
            made = read(text)
            if isinstance(made, list | tuple | dict) and len(text) <= _MAX_TEXT:
                return ast.fix_missing_locations(ast.parse(repr(made), mode="eval").body)
        except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            continue
    return None
