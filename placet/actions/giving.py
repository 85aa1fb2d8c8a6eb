"""What `gives=` of an action means: its items, held against the action's parameters.

Knows docs/actions-format.md §2.6. Must not know tables or steps.
"""

import re
from collections.abc import Mapping
from typing import Final

from placet.actions.action import Given
from placet.actions.types import (
    COLUMN_TYPES,
    Choice,
    ColumnName,
    ColumnNames,
    InputName,
    NewName,
    ParameterType,
    StepRef,
)

_LITERAL_NAME: Final = re.compile(r"[A-Za-z0-9_%][A-Za-z0-9_% .-]{0,62}")
_TYPES: Final = (*COLUMN_TYPES, "any")


class NotGiven(ValueError):  # noqa: N818  (named for what it says)
    """`gives` says nothing that its parameters bear out; the message names the item."""


def columns_given(gives: object, parameters: Mapping[str, ParameterType]) -> tuple[Given, ...] | None:
    """The items in order; None for `"unknown"`. Raises NotGiven."""
    if gives == "unknown":
        return None
    items = [gives] if isinstance(gives, str) else gives
    if not isinstance(items, list) or not items or not all(isinstance(item, str) for item in items):
        raise NotGiven('gives: must be "same", "unknown" or a list of strings')
    return tuple(_item(item, parameters) for item in items)


def _item(item: str, parameters: Mapping[str, ParameterType]) -> Given:
    if item == "same":
        return Given("table", _first_table(parameters))
    if item == "@group_count":
        return Given("group_count")
    if item.startswith("-"):
        return Given("without", _columns(item, item[1:], parameters))
    name, colon, kind = item.partition(":")
    if colon:
        return _typed(item, name, kind, parameters)
    table, minus, columns = item.partition("-")
    wanted = parameters.get(table)
    if isinstance(wanted, StepRef) and wanted.gives == "Table":
        return Given("table", table, minus=_columns(item, columns, parameters) if minus else "")
    if isinstance(wanted, InputName) and not minus:
        return Given("file", table)
    return Given("columns", _columns(item, item, parameters))


def _typed(item: str, name: str, kind: str, parameters: Mapping[str, ParameterType]) -> Given:
    source = parameters.get(kind)
    says_type = isinstance(source, ColumnName) or (
        isinstance(source, Choice) and set(source.options) <= set(_TYPES)
    )
    if kind not in _TYPES and not says_type:
        raise NotGiven(
            f"gives: {item!r} ends with no type ({', '.join(_TYPES)}), nor with a parameter that says one"
        )
    wanted = parameters.get(name)
    if isinstance(wanted, NewName):
        return Given("new", name, kind)
    if isinstance(wanted, ColumnName | ColumnNames):
        return Given("columns", name, kind)
    if wanted is None and _LITERAL_NAME.fullmatch(name):
        return Given("literal", name, kind)
    raise NotGiven(
        f"gives: {item!r} begins with neither a Name, Column or Columns parameter nor a column's name"
    )


def _columns(item: str, name: str, parameters: Mapping[str, ParameterType]) -> str:
    if not isinstance(parameters.get(name), ColumnName | ColumnNames):
        raise NotGiven(f"gives: in {item!r}, {name!r} is no Column or Columns parameter")
    return name


def _first_table(parameters: Mapping[str, ParameterType]) -> str:
    for name, kind in parameters.items():
        if isinstance(kind, StepRef) and kind.gives == "Table":
            return name
    raise NotGiven('gives: "same" needs a Table parameter')
