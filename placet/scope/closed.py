"""What every part of a scope file has in common: unknown keys are refused, and nothing is guessed.

Knows pydantic. Must not know any key.
"""

from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints


def _unique(values: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(values)) != len(values):
        raise ValueError("names the same thing twice; remove one")
    return values


class Closed(BaseModel):
    """A mapping with these keys and no others."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


Unique = AfterValidator(_unique)
# YAML has lists only; strictness would otherwise refuse a list where the model holds a tuple.
LIST: Final = Field(strict=False)
ColumnName = Annotated[str, StringConstraints(min_length=1, max_length=128)]
