"""The keys of a scope file about what leaves: kinds of result, and what is checked (docs/contract.md).

Knows one part of the closed schema. Must not know how anything is checked.
"""

from typing import Annotated, Final, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from placet.scope.closed import LIST, Closed, ColumnName, Unique
from placet.scope.result_schema import ResultSchema


class MinGroup(Closed):
    """How many rows of the inputs stand behind each row of a table that leaves."""

    size: Annotated[int, Field(ge=2, le=10_000)]
    count: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    """The column that says how many."""


class Contract(Closed):
    """What is checked before anything of a run leaves (docs/contract.md)."""

    result: ResultSchema | None = None
    """JSON Schema (2020-12) of result.json, which must then exist."""
    max_kib: Annotated[int, Field(ge=1, le=524_288)] | None = None
    """All that leaves together: artifacts and both streams."""
    max_rows: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    """Of each table."""
    min_group: MinGroup | None = None
    deny_columns: Annotated[tuple[ColumnName, ...], LIST, Field(max_length=200), Unique] = ()
    """Globs: neither names nor values of these leave."""
    secrets: Literal["withhold"] = "withhold"


_DRAWN: Final = frozenset(("png", "svg", "pdf"))


class Outputs(Closed):
    """Kinds of result that programs are asked for, and what holds of them when they leave."""

    images: Literal["any", "figures_only"] = "any"
    """`figures_only`: no image leaves but what was rendered from a figure under the house style."""
    contract: Contract | None = None
    """Absent: nothing is checked, nothing held back."""
    kinds: Annotated[
        tuple[Literal["text", "txt", "png", "svg", "pdf", "csv", "json", "parquet", "xlsx"], ...],
        LIST,
        Unique,
    ] = ("text",)

    @model_validator(mode="after")
    def _can_be_searched(self) -> Self:
        denies = self.contract is not None and self.contract.deny_columns
        if denies and self.images == "any" and (drawn := sorted(_DRAWN.intersection(self.kinds))):
            raise ValueError(
                f"deny_columns with {', '.join(drawn)} among kinds needs images: figures_only, since "
                "nobody can search what is in pixels"
            )
        return self
