"""The JSON Schema of one parameter's values, given the columns that there are.

Knows what OpenAI's strict mode and llama.cpp's grammars both keep to: closed objects, enumerations, patterns
of plain classes, bounds of arrays and numbers. Must not know actions or plans.
"""

from collections.abc import Sequence
from typing import Any, Final

from placet.actions.types import (
    COLUMN_TYPES,
    COMPARISONS,
    DATE,
    LIST_OPS,
    MAX_COLUMN_NAME,
    MAX_NUMBER,
    PRESENCE_OPS,
    TEXT_OPS,
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
    StepRef,
    TableType,
    TextValue,
    ValueList,
)

Schema = dict[str, Any]

# Shorter than the format allows: a model that has begun to ramble is stopped early.
_NAME: Final = "^[A-Za-z_][A-Za-z0-9_]{0,19}( [A-Za-z0-9_]{1,13}){0,3}$"
# Without quotation marks and backslashes: llama.cpp writes a pattern's characters into JSON as they are.
_TEXT: Final = "^[ !#-\\[\\]-~\u00a1-\u00ac\u00ae-\u024f]{0,80}$"
_MAX_CONDITIONS: Final = 4
_MAX_VALUES: Final = 12

_TEXT_SHAPE: Final[Schema] = {"type": "string", "pattern": _TEXT}
_DATE_SHAPE: Final[Schema] = {"type": "string", "pattern": f"^{DATE}$"}
_NUMBER_SHAPE: Final[Schema] = {"type": "number", "minimum": -MAX_NUMBER, "maximum": MAX_NUMBER}
_BOOLEAN_SHAPE: Final[Schema] = {"type": "boolean"}
_NAME_SHAPE: Final[Schema] = {"type": "string", "pattern": _NAME}


def closed(properties: Schema) -> Schema:
    """An object with exactly these keys."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def words(options: Sequence[str]) -> Schema:
    """One of these strings."""
    return {"type": "string", "enum": list(options)}


class Shapes:
    """Schemas that share what they repeat: `definitions` holds the enumerations of columns."""

    def __init__(self, inputs: Sequence[str]) -> None:
        self._inputs = inputs
        self._known: dict[tuple[str, ...], str] = {}
        self.definitions: dict[str, Schema] = {}

    def of(self, kind: ParameterType, table: TableType, steps: Sequence[int]) -> Schema | None:
        """The values that fit `kind`; None when nothing does. `steps` are those that a reference may name."""
        if isinstance(kind, StepRef):
            return {"type": "integer", "enum": list(steps)} if steps else None
        if isinstance(kind, InputName):
            return words(self._inputs) if self._inputs else None
        if isinstance(kind, ColumnName):
            return self._column(table, kind.types)
        if isinstance(kind, ColumnNames):
            return self._columns(table, kind)
        if isinstance(kind, ConditionList):
            return self._conditions(table)
        return _free(kind)

    def _column(self, table: TableType, types: tuple[ColumnType, ...]) -> Schema | None:
        names = tuple(name for name in table.of_types(types) if 1 <= len(name) <= MAX_COLUMN_NAME)
        if not names:
            return _NAME_SHAPE if table.open else None
        label = self._known.setdefault(names, f"columns{len(self._known) + 1}")
        self.definitions[label] = words(names)
        named: Schema = {"$ref": f"#/$defs/{label}"}
        return {"anyOf": [named, _NAME_SHAPE]} if table.open else named

    def _columns(self, table: TableType, kind: ColumnNames) -> Schema | None:
        column = self._column(table, kind.types)
        many = kind.most if table.open else min(kind.most, len(table.of_types(kind.types)))
        if column is None or many < kind.least:
            return None
        return {"type": "array", "items": column, "minItems": kind.least, "maxItems": many}

    def _conditions(self, table: TableType) -> Schema | None:
        branches = [branch for kind in COLUMN_TYPES for branch in self._of_type(table, kind)]
        if any_column := self._column(table, ()):
            branches.append(closed({"column": any_column, "op": words(PRESENCE_OPS)}))
        if not branches:
            return None
        return {"type": "array", "items": {"anyOf": branches}, "minItems": 1, "maxItems": _MAX_CONDITIONS}

    def _of_type(self, table: TableType, kind: ColumnType) -> list[Schema]:
        column = self._column(table, (kind,))
        if column is None:
            return []
        value, ops = _COMPARED[kind]
        found = [closed({"column": column, "op": words(ops), "value": value})]
        if kind in ("number", "text"):
            several = {"type": "array", "items": value, "minItems": 1, "maxItems": _MAX_VALUES}
            found.append(closed({"column": column, "op": words(LIST_OPS), "value": several}))
        return found


_COMPARED: Final[dict[ColumnType, tuple[Schema, Sequence[str]]]] = {
    "number": (_NUMBER_SHAPE, COMPARISONS),
    "date": (_DATE_SHAPE, COMPARISONS),
    "text": (_TEXT_SHAPE, TEXT_OPS),
    "boolean": (_BOOLEAN_SHAPE, ("=",)),
}


def _free(kind: NewName | TextValue | NumberValue | BooleanValue | Choice | ValueList) -> Schema:
    """The values of a type that has nothing to do with columns."""
    if isinstance(kind, NumberValue):
        return {
            "type": "integer" if kind.whole else "number",
            "minimum": kind.least,
            "maximum": kind.most,
        }
    if isinstance(kind, Choice):
        return words(kind.options)
    if isinstance(kind, ValueList):
        scalar = {"anyOf": [_TEXT_SHAPE, _NUMBER_SHAPE, _BOOLEAN_SHAPE]}
        return {"type": "array", "items": scalar, "minItems": 1, "maxItems": _MAX_VALUES}
    if isinstance(kind, BooleanValue):
        return _BOOLEAN_SHAPE
    return _NAME_SHAPE if isinstance(kind, NewName) else _TEXT_SHAPE
