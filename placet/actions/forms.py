"""The words that files of actions are written in, for editors and linters: nothing here does anything.

Knows the names of docs/actions-format.md §2. Programs and services never import it: actions are read as text.
"""

from collections.abc import Callable
from typing import Any, Final, TypeVar

__all__ = [
    "GROUP_COUNT",
    "MIN_GROUP",
    "ActionFailed",
    "Boolean",
    "Column",
    "Columns",
    "Conditions",
    "Exported",
    "Figure",
    "Input",
    "Integer",
    "Name",
    "Number",
    "Table",
    "Text",
    "Value",
    "Values",
    "action",
]

_Function = TypeVar("_Function", bound=Callable[..., Any])

MIN_GROUP: Final = 0
"""The contract's smallest group, in a program; 0 without one."""
GROUP_COUNT: Final = ""
"""The column that says how large a group is, in a program; empty without a smallest group."""


class ActionFailed(Exception):  # noqa: N818  (named for what it says)
    """What an action needs does not hold for this data. The sentence names columns, never values."""


def action(_function: Any = None, *, gives: Any = None) -> Any:
    """Marks a function as an action; `gives` tells its table's columns (docs/actions-format.md §2.6)."""
    del gives
    return _function if _function is not None else _same


def _same(function: _Function) -> _Function:
    return function


class _Word:
    """A type that can be given bounds in brackets; any value has it."""

    def __class_getitem__(cls, item: object) -> Any:
        del item
        return cls


class Table(_Word):
    """A pandas DataFrame."""


class Figure(_Word):
    """An open matplotlib Figure."""


class Value(_Word):
    """A number or a string."""


class Exported(_Word):
    """The name of the file that was written."""


class Input(_Word):
    """An input file's name."""


class Column(_Word):
    """A column of the nearest table before it."""


class Columns(_Word):
    """Different columns of the nearest table before it."""


class Name(_Word):
    """The name of a new column."""


class Text(_Word):
    """At most 200 characters."""


class Integer(_Word):
    """A whole number within bounds."""


class Number(_Word):
    """A number within bounds."""


class Boolean(_Word):
    """True or false."""


class Conditions(_Word):
    """Conditions on columns of the nearest table before it."""


class Values(_Word):
    """Scalars."""
