"""A parameter's type from its annotation, and a function's result.

Knows the spelling of docs/actions-format.md §2. Must not know files, nor what a value means.
"""

import ast
from collections.abc import Callable
from typing import Final

from placet.actions.types import (
    COLUMN_TYPES,
    MAX_COLUMNS,
    MAX_NUMBER,
    RESULT_KINDS,
    BooleanValue,
    Choice,
    ColumnName,
    ColumnNames,
    ColumnType,
    ConditionList,
    InputName,
    NewName,
    NumberValue,
    ParameterType,
    ResultKind,
    StepRef,
    TextValue,
    ValueList,
)


class NoType(ValueError):  # noqa: N818  (named for what it says)
    """The annotation is none of the forms; the message says which there are."""


_PLAIN: Final[dict[str, ParameterType]] = {
    "Table": StepRef("Table"),
    "Figure": StepRef("Figure"),
    "Input": InputName(),
    "Column": ColumnName(),
    "Columns": ColumnNames(),
    "Name": NewName(),
    "Text": TextValue(),
    "Boolean": BooleanValue(),
    "Conditions": ConditionList(),
    "Values": ValueList(),
    "Number": NumberValue(),
    "Integer": NumberValue(whole=True),
}


def parameter_type(node: ast.expr | None) -> ParameterType:
    """The type that an annotation says; `X | None` says X. Raises NoType."""
    if node is None:
        raise NoType("has no type; annotate it, as in `table: Table`")
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr) and _is_none(node.right):
        node = node.left
    if isinstance(node, ast.Name) and node.id in _PLAIN:
        return _PLAIN[node.id]
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id in _IN_BRACKETS:
        return _IN_BRACKETS[node.value.id](_literals(node.slice))
    words = ", ".join([*_PLAIN, "Literal[…]"])
    raise NoType(f"has the type {_written(node)}; the types there are: {words}")


def result_kind(node: ast.expr | None) -> ResultKind:
    """What `-> …` says. Raises NoType."""
    if isinstance(node, ast.Name) and node.id in RESULT_KINDS:
        return node.id
    raise NoType(f"must say what it gives: -> {', '.join(RESULT_KINDS)}")


def _written(node: ast.expr) -> str:
    try:
        return ast.unparse(node)[:60]
    except RecursionError:  # what could still be parsed may be too deep to be written
        return "…"


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _literals(node: ast.expr) -> tuple[object, ...]:
    try:
        found = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        raise NoType("has something other than literals in its brackets") from None
    return found if isinstance(found, tuple) else (found,)


def _column(items: tuple[object, ...]) -> ParameterType:
    types, tables = _types_and_tables(items)
    return ColumnName(types, of=tables)


def _columns(items: tuple[object, ...]) -> ParameterType:
    said = tuple(item for item in items if isinstance(item, str))
    types, tables = _types_and_tables(said)
    if len(said) == len(items):
        return ColumnNames(types, of=tables)
    least, most = _bounds(items[len(said) :])
    if not (isinstance(least, int) and isinstance(most, int) and 1 <= least <= most <= MAX_COLUMNS):
        raise NoType(f"names at least 1 and at most {MAX_COLUMNS} columns, as in `Columns[1, 4]`")
    return ColumnNames(types, least, most, tables)


def _types_and_tables(items: tuple[object, ...]) -> tuple[tuple[ColumnType, ...], tuple[str, ...]]:
    """Words that are no column types are names of Table parameters; whether they are, the function knows."""
    named = [item for item in items if isinstance(item, str) and item.isidentifier()]
    if len(named) < len(items) or len(set(items)) < len(items):
        raise NoType(f"holds column types in brackets, each once: {', '.join(COLUMN_TYPES)}")
    types = tuple(item for item in COLUMN_TYPES if item in named)
    return types, tuple(item for item in named if item not in COLUMN_TYPES)


def _bounds(items: tuple[object, ...]) -> tuple[int | float, int | float]:
    numbers = [item for item in items if isinstance(item, int | float) and not isinstance(item, bool)]
    if len(items) != 2 or len(numbers) != 2 or not -MAX_NUMBER <= numbers[0] <= numbers[1] <= MAX_NUMBER:
        raise NoType("needs two bounds in brackets, the smaller first, and no more than a unit after them")
    return numbers[0], numbers[1]


def _number(items: tuple[object, ...]) -> ParameterType:
    least, most = _bounds(items[:2])
    return NumberValue(least, most, _unit(items[2:]))


def _integer(items: tuple[object, ...]) -> ParameterType:
    least, most = _bounds(items[:2])
    if not (isinstance(least, int) and isinstance(most, int)):
        raise NoType("needs whole numbers as bounds")
    return NumberValue(least, most, _unit(items[2:]), whole=True)


def _unit(items: tuple[object, ...]) -> str:
    if not items:
        return ""
    if len(items) > 1 or not isinstance(items[0], str) or not items[0].isprintable() or len(items[0]) > 40:
        raise NoType('has something other than a unit after its bounds, as in `Integer[1, 1000, "rows"]`')
    return items[0]


def _choice(items: tuple[object, ...]) -> ParameterType:
    options = [
        item for item in items if isinstance(item, str) and item.isprintable() and 1 <= len(item) <= 40
    ]
    if len(options) != len(items) or len(set(options)) < len(options) or len(options) > 50:
        raise NoType("must be Literal with 1 to 50 different strings of 1 to 40 characters")
    return Choice(tuple(options))


_IN_BRACKETS: Final[dict[str, Callable[[tuple[object, ...]], ParameterType]]] = {
    "Column": _column,
    "Columns": _columns,
    "Number": _number,
    "Integer": _integer,
    "Literal": _choice,
}
