"""How much each caller may use: the quotas file (docs/quotas.md §1), closed and checked as a whole.

Knows keys and patterns. Must not know records, or what was used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from placet.rpc.identity import is_pattern
from placet.scope.reading import ScopeInvalid, plain_mapping

MINUTE_S: Final = 60
HOUR_S: Final = 3600
DAY_S: Final = 86_400
AROUND_RUN_S: Final = 240
"""How long a run may have no end beside its wall time: as an executor bounds it (docs/workers.md §3.10), and
a minute for its records."""
LONGEST_RUN_S: Final = HOUR_S + AROUND_RUN_S
"""No pool grants a run more; after that a start without an end runs no more."""

Limit = Annotated[int, Field(ge=0, strict=True)] | None


class QuotasInvalid(ValueError):  # noqa: N818 - named for what it says
    """The file cannot be used; the text names every problem."""


class Quota(BaseModel):
    """What one caller may use. None: not limited; 0: never."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tasks_per_minute: Limit = None
    runs_at_once: Limit = None
    runs_per_minute: Limit = None
    cpu_s_per_hour: Limit = None
    cpu_s_per_day: Limit = None
    tokens_per_hour: Limit = None
    tokens_per_day: Limit = None

    @property
    def limits(self) -> Mapping[str, int]:
        """What is limited, by name."""
        return self.model_dump(exclude_none=True)


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid")

    apiVersion: Literal["placet/v1"]  # noqa: N815 - the file's own spelling
    kind: Literal["Quotas"]
    quotas: dict[str, Quota]

    @field_validator("quotas")
    @classmethod
    def _patterns(cls, quotas: dict[str, Quota]) -> dict[str, Quota]:
        if wrong := [pattern for pattern in quotas if not is_pattern(pattern)]:
            raise ValueError(f"not caller/NAME, caller/* or the like: {', '.join(wrong)}")
        return quotas


@dataclass(frozen=True)
class Quotas:
    """Pattern → quota."""

    by_pattern: Mapping[str, Quota] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> Quotas:
        """Read the file. Raises QuotasInvalid, also when it cannot be read."""
        try:
            document = path.read_bytes()
        except OSError as error:
            raise QuotasInvalid(f"{path} cannot be read: {error.strerror}") from error
        return cls.parse(document)

    @classmethod
    def parse(cls, document: bytes) -> Quotas:
        """Raises QuotasInvalid with every problem."""
        try:
            return cls(_Document.model_validate(plain_mapping(document)).quotas)
        except ScopeInvalid as error:  # what any of our documents may not be
            raise QuotasInvalid("; ".join(error.problems)) from None
        except ValidationError as error:
            raise QuotasInvalid("; ".join(map(_problem, error.errors()))) from None

    def of(self, path: str) -> Quota | None:
        """The quota of `caller/NAME`; its own goes before its kind's."""
        kind, _, _ = path.partition("/")
        return self.by_pattern.get(path, self.by_pattern.get(f"{kind}/*"))

    @cached_property
    def longest_s(self) -> int:
        """Seconds back from now in which something that is limited may have been used; 0 without limits."""
        names = {name for quota in self.by_pattern.values() for name in quota.limits}
        return max((window_s(name) for name in names), default=0)


def window_s(limit: str) -> int:
    """Over how many seconds a limit counts."""
    if limit == "runs_at_once":
        return LONGEST_RUN_S
    return {"minute": MINUTE_S, "hour": HOUR_S, "day": DAY_S}[limit.rpartition("_")[2]]


def _problem(detail: Any) -> str:
    where = ".".join(map(str, detail["loc"]))
    if detail["type"] == "extra_forbidden":
        return f"{where}: unknown key (docs/quotas.md lists the keys there are)"
    return f"{where}: {str(detail['msg']).removeprefix('Value error, ')}"
