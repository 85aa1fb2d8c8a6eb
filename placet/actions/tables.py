"""What each step gives: the columns that will exist, so that later steps choose among them.

Knows docs/actions-format.md §2.6 to 2.8. Must not know JSON Schema, nor run anything.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, cast

from placet.actions.action import Action, Given
from placet.actions.catalogue import SmallestGroup
from placet.actions.plan import Step
from placet.actions.types import (
    ANYTHING,
    COLUMN_TYPES,
    ColumnName,
    ColumnType,
    NewName,
    ResultKind,
    TableType,
)

NO_COLUMNS: Final = TableType()


@dataclass(frozen=True)
class Result:
    """What a step gives; `table` is its columns, when it gives a table."""

    kind: ResultKind
    table: TableType = NO_COLUMNS


@dataclass(frozen=True)
class State:
    """What the next step can use: the inputs with their columns, and the steps so far."""

    inputs: Mapping[str, TableType]
    results: tuple[Result, ...] = ()

    def table(self, number: object) -> TableType:
        """The columns of that step's table; none for what is no such step."""
        result = self.result(number)
        return result.table if result and result.kind == "Table" else NO_COLUMNS

    def result(self, number: object) -> Result | None:
        """What that step gave; None when there is no such step yet."""
        known = isinstance(number, int) and not isinstance(number, bool) and 1 <= number <= len(self.results)
        return self.results[cast(int, number) - 1] if known else None

    def after(self, action: Action, step: Step, group: SmallestGroup | None = None) -> "State":
        """The state behind a step that fits."""
        made = Result(action.result, columns_after(action, step, self, group))
        return State(self.inputs, (*self.results, made))


def columns_after(action: Action, step: Step, state: State, group: SmallestGroup | None) -> TableType:
    """The columns of what `step` gives."""
    if action.result != "Table" or action.gives is None:
        return NO_COLUMNS
    made = _Made(action, step, state, group)
    for given in action.gives:
        made.add(given)
    if group and not all(group.count in state.table(step.values.get(name)) for name in _sources(action)):
        made.columns.pop(group.count, None)
    return TableType.of(made.columns, open=made.open)


def _sources(action: Action) -> tuple[str, ...]:
    """The tables that are put together; none where there is one only."""
    names = tuple(given.name for given in action.gives or () if given.kind == "table")
    return names if len(names) > 1 else ()


def taken_names(action: Action, step: Step, state: State, group: SmallestGroup | None) -> Iterator[str]:
    """Names that a `Name` of this step must not be: those of its tables, and what it always gives.

    Where no table comes of the step, a `Name` is a file's or a key, and may be any.
    """
    if action.result != "Table":
        return
    for name in action.tables:
        yield from state.table(step.values.get(name))
    for given in action.gives or ():
        if given.kind == "literal":
            yield given.name
    if group:
        yield group.count


def new_names(action: Action) -> tuple[str, ...]:
    """The parameters that name new columns."""
    return tuple(each.name for each in action.parameters if isinstance(each.type, NewName))


class _Made:
    """Columns that grow item by item."""

    def __init__(self, action: Action, step: Step, state: State, group: SmallestGroup | None) -> None:
        self.columns: dict[str, ColumnType] = {}
        self.open = False
        self._action, self._state, self._group = action, state, group
        self._values = {each.name: step.values.get(each.name, each.default) for each in action.parameters}

    def add(self, given: Given) -> None:
        if given.kind == "table":
            self._join(self._state.table(self._values[given.name]), set(self._named(given.minus)))
        elif given.kind == "file":
            self._join(self._state.inputs.get(str(self._values[given.name]), ANYTHING), set())
        elif given.kind == "columns":
            self.columns |= {name: self._type(given, name) for name in self._named(given.name)}
        elif given.kind == "new":
            self.columns |= {name: self._type(given, "") for name in self._named(given.name)}
        elif given.kind == "literal":
            self.columns[given.name] = self._type(given, "")
        elif given.kind == "group_count" and self._group:
            self.columns[self._group.count] = "number"
        elif given.kind == "without":
            for name in self._named(given.name):
                self.columns.pop(name, None)

    def _join(self, table: TableType, without: set[str]) -> None:
        self.open = self.open or table.open
        for name, kind in table.columns:
            counts = self._group is not None and name == self._group.count
            if name not in without and not (counts and name in self.columns):
                self.columns[free_name(name, self.columns)] = kind

    def _named(self, parameter: str) -> list[str]:
        value = self._values.get(parameter)
        named = value if isinstance(value, list) else [value]
        return [each for each in named if isinstance(each, str)]

    def _type(self, given: Given, column: str) -> ColumnType:
        if given.type in (*COLUMN_TYPES, "any"):
            return given.type
        if not given.type:
            return self._type_in_table(given.name, column)
        said = str(self._values.get(given.type))
        source = self._action.parameter(given.type)
        if source and isinstance(source.type, ColumnName):
            return self._type_in_table(given.type, said)
        return said if said in COLUMN_TYPES else "any"

    def _type_in_table(self, parameter: str, column: str) -> ColumnType:
        source = self._action.parameter(parameter)
        table = self._state.table(self._values[source.tables[0]]) if source else NO_COLUMNS
        return table.type_of(column) or "any"


def free_name(name: str, taken: Collection[str]) -> str:
    """`name`, or with the first number from 2 at its end that nobody has."""
    if name not in taken:
        return name
    return next(made for number in range(2, len(taken) + 3) if (made := f"{name}_{number}") not in taken)
