"""One action as it was read: its parameters, what it gives, its words and its source.

Knows docs/actions-format.md §1 and §2.6 as values. Must not know how a file is read or a plan is checked.
"""

from dataclasses import dataclass, field
from typing import Literal

from placet.actions.types import ParameterType, ResultKind, StepRef, Value

GivenKind = Literal["table", "file", "columns", "new", "literal", "without", "group_count"]


@dataclass(frozen=True)
class Given:
    """One item of `gives`: columns that a step's table has, or no longer has."""

    kind: GivenKind
    name: str = ""
    """The parameter; of `literal`, the column itself."""
    type: str = ""
    """A column type, or the parameter that says it; empty: as it was."""
    minus: str = ""
    """Of `table`: the parameter whose columns are left out."""


@dataclass(frozen=True)
class Parameter:
    """One parameter. `tables` names the `Table` parameters that its columns are of, if it means columns."""

    name: str
    type: ParameterType
    required: bool
    default: Value | None = None
    tables: tuple[str, ...] = ()


@dataclass(frozen=True)
class Definition:
    """A piece of a program under a name: an import, a constant, a helper, or an action's function."""

    name: str
    source: str = field(repr=False)
    """Exact text; of an action without its decorator. Own files' is a team's: reviewed, not trusted."""
    uses: tuple[str, ...] = field(default=(), repr=False)
    """Names that it needs from elsewhere (not builtins)."""
    place: str = ""
    """`FILE:LINE`."""
    kind: Literal["import", "constant", "helper", "action"] = "helper"


@dataclass(frozen=True)
class Action:
    """A typed function that plans may name."""

    name: str
    parameters: tuple[Parameter, ...]
    result: ResultKind
    gives: tuple[Given, ...] | None
    """Of a table: its columns; None when they are not known before it runs."""
    summary: str
    requires: str
    ensures: str
    definition: Definition

    def parameter(self, name: str) -> Parameter | None:
        """The one of that name."""
        return next((each for each in self.parameters if each.name == name), None)

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of its `Table` parameters."""
        return tuple(
            each.name
            for each in self.parameters
            if isinstance(each.type, StepRef) and each.type.gives == "Table"
        )
