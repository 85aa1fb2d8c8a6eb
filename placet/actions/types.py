"""What an action takes and gives: types of parameters, of columns, of tables.

Knows docs/actions-format.md §2. Must not know how a type is written in a file, nor JSON Schema.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

ColumnType = Literal["number", "date", "text", "boolean", "any"]
"""Of a column; `any` where it is not known."""
COLUMN_TYPES: Final[tuple[ColumnType, ...]] = ("number", "date", "text", "boolean")

ResultKind = Literal["Table", "Figure", "Value", "Exported"]
RESULT_KINDS: Final[tuple[ResultKind, ...]] = ("Table", "Figure", "Value", "Exported")

Value = object
"""What stands in a plan: a scalar, or a list of scalars or of conditions."""

COMPARISONS: Final = ("=", "!=", "<", "<=", ">", ">=")
TEXT_OPS: Final = ("=", "!=", "contains", "starts with", "ends with")
BOOLEAN_OPS: Final = ("=",)
LIST_OPS: Final = ("in", "not in")
PRESENCE_OPS: Final = ("missing", "present")

MAX_TEXT: Final = 200
MAX_COLUMN_NAME: Final = 256
MAX_CONDITIONS: Final = 8
MAX_VALUES: Final = 50
MAX_COLUMNS: Final = 16
MAX_NUMBER: Final = 10**15
NEW_NAME: Final = "[A-Za-z_][A-Za-z0-9_]*( [A-Za-z0-9_]+)*"
MAX_NEW_NAME: Final = 64
DATE: Final = (
    "[0-9]{4}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    "|02-(0[1-9]|1[0-9]|2[0-9]))( ([01][0-9]|2[0-3]):[0-5][0-9])?"
)
"""A regular expression. Of 29 February it does not know the year."""


@dataclass(frozen=True)
class StepRef:
    """An earlier step that gives a table or a figure."""

    gives: Literal["Table", "Figure"]


@dataclass(frozen=True)
class InputName:
    """An input file's name."""


@dataclass(frozen=True)
class ColumnName:
    """One column; of any type when `types` is empty."""

    types: tuple[ColumnType, ...] = ()
    of: tuple[str, ...] = ()
    """The `Table` parameters that must each have it; empty: the nearest before it."""


@dataclass(frozen=True)
class ColumnNames:
    """Several different columns."""

    types: tuple[ColumnType, ...] = ()
    least: int = 1
    most: int = MAX_COLUMNS
    of: tuple[str, ...] = ()
    """As with `ColumnName`."""


@dataclass(frozen=True)
class NewName:
    """The name of a column that the step makes."""


@dataclass(frozen=True)
class TextValue:
    """Words for people, or a string to compare with."""


@dataclass(frozen=True)
class NumberValue:
    """A number within bounds, both included; `unit` is for people."""

    least: int | float = -MAX_NUMBER
    most: int | float = MAX_NUMBER
    unit: str = ""
    whole: bool = False


@dataclass(frozen=True)
class BooleanValue:
    """True or false."""


@dataclass(frozen=True)
class Choice:
    """One of these strings."""

    options: tuple[str, ...]


@dataclass(frozen=True)
class ConditionList:
    """Conditions on columns."""


@dataclass(frozen=True)
class ValueList:
    """Scalars."""


ParameterType = (
    StepRef
    | InputName
    | ColumnName
    | ColumnNames
    | NewName
    | TextValue
    | NumberValue
    | BooleanValue
    | Choice
    | ConditionList
    | ValueList
)


@dataclass(frozen=True)
class TableType:
    """The columns of a table, in order. `open`: it may have others, which may be named too."""

    columns: tuple[tuple[str, ColumnType], ...] = ()
    open: bool = False

    @classmethod
    def of(cls, columns: Mapping[str, ColumnType], *, open: bool = False) -> "TableType":  # noqa: A002
        """From names and types."""
        return cls(tuple(columns.items()), open)

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self.columns)

    def type_of(self, name: str) -> ColumnType | None:
        """None: there is no such column, or none that is known."""
        return dict(self.columns).get(name)

    def of_types(self, types: tuple[ColumnType, ...]) -> tuple[str, ...]:
        """The columns that fit one of `types`; all when there are none."""
        return tuple(name for name, kind in self.columns if fits(kind, types))


ANYTHING: Final = TableType(open=True)
"""A table of which nothing is known: every column may be named."""


def common(tables: Sequence[TableType]) -> TableType:
    """The columns that all of `tables` have, with the same type; where a type is not known, any will do."""
    first, *others = tables
    if not others:
        return first
    kept: dict[str, ColumnType] = {}
    for name in dict.fromkeys(name for table in tables for name in table):
        kinds = {table.type_of(name) or ("any" if table.open else None) for table in tables} - {"any"}
        if None not in kinds and len(kinds) <= 1:
            kept[name] = next(filter(None, kinds), "any")
    return TableType.of(kept, open=all(table.open for table in tables))


def fits(kind: ColumnType, types: tuple[ColumnType, ...]) -> bool:
    """Whether a column of this type may stand where one of `types` is wanted."""
    return not types or kind == "any" or kind in types
