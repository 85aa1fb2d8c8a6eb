"""Arrays laid over a buffer: `np.ndarray(shape, object, buffer)` takes numbers for the addresses of objects.

Knows numpy's constructor. Must not know where the buffer comes from.
"""

import ast
from typing import Final

from guard_svc.rules.arguments import argument
from guard_svc.rules.catalogue import Argument
from guard_svc.rules.subject import Subject

_TYPE: Final = Argument(1, "dtype")
_BUFFER: Final = Argument(2, "buffer")
_NUMBERS: Final = ("int", "uint", "float", "complex", "bool")


def check(subject: Subject) -> None:
    """Every call of the constructor that names a buffer, unless its elements are plain numbers."""
    for call in subject.nodes_of(ast.Call):
        if "numpy.ndarray" not in subject.names.paths(call.func):
            continue
        spread = any(item.arg is None for item in call.keywords) or any(
            isinstance(item, ast.Starred) for item in call.args
        )
        if spread or (argument(call, _BUFFER) is not None and not _of_numbers(subject, call)):
            message = "numpy.ndarray over a buffer of other than numbers takes what is there for objects."
            subject.report("capability.native.call", call, message)


def _of_numbers(subject: Subject, call: ast.Call) -> bool:
    kind = argument(call, _TYPE)
    if kind is None:
        return True  # float is numpy's own default
    named = {path.rpartition(".")[2] for path in subject.names.paths(kind)} | set(subject.names.texts(kind))
    return bool(named) and all(name.startswith(_NUMBERS) and "," not in name for name in named)
