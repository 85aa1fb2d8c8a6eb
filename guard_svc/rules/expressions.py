"""Strings that libraries evaluate: pandas queries and patsy formulas.

Knows their syntax. Must not know programs or scopes.
"""

import re
from collections.abc import Iterator
from typing import Final

from guard_svc.rules.catalogue import Catalogue

_LOCAL_MEMBER: Final = re.compile(r"@\s*[A-Za-z_]\w*\s*[.(\[]")
_DUNDER: Final = re.compile(r"__\w+__|\._[a-zA-Z]")
_CALLED: Final = re.compile(r"([A-Za-z_][\w.]*)\s*\(")
_RUNS_CODE: Final = frozenset(
    [
        "eval",
        "exec",
        "compile",
        "open",
        "getattr",
        "setattr",
        "globals",
        "locals",
        "vars",
        "breakpoint",
        "input",
        "__import__",
        "type",
        "dir",
    ]
)
_PIVOTS: Final = re.compile(r"\.(?:io|core|compat|os|sys|subprocess|ctypeslib|f2py|builtins|importlib)\b")
_SHORT: Final = {"np": "numpy", "pd": "pandas", "plt": "matplotlib.pyplot"}
_ACTS: Final = frozenset(
    {"dynamic", "read", "write", "change", "process", "network", "unpickle", "open", "download"}
)


def dangers(text: str, catalogue: Catalogue) -> Iterator[str]:
    """What in `text` reaches more than columns, as ends of a sentence; nothing when it is harmless."""
    if _LOCAL_MEMBER.search(text):
        yield "reaches into a variable of the program"
    if _DUNDER.search(text):
        yield "names internals"
    if _PIVOTS.search(text):
        yield "reaches a module through another one"
    for match in _CALLED.finditer(text):
        if _acts(match[1], catalogue):
            yield f"calls {match[1]}"


def _acts(name: str, catalogue: Catalogue) -> bool:
    root, dot, rest = name.partition(".")
    if not dot:
        return root in _RUNS_CODE
    full = f"{_SHORT.get(root, root)}.{rest}"
    found = catalogue.effect(full) or catalogue.effect("." + name.rpartition(".")[2])
    return found is not None and found.kind in _ACTS
