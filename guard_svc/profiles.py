"""What a reviewer model's probabilities mean: measured thresholds per model and kind of scope.

Knows numbers, names and kinds of scope. Must not know prompts, programs or verdicts. The format is
docs/reviewer-profiles.md; `placet eval --calibrate` measures one.
"""

import datetime
import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

DEFAULT_FILE: Final = Path(__file__).with_name("profiles.yaml")

Population = Literal["confined", "wide"]
"""Kinds of scope: `confined` reads inputs and writes outputs; `wide` also has a working directory, hosts or
commands. What was measured on one says nothing about the other."""

_WIDE: Final = ("network:", "process:", "fs.read:workdir", "fs.write:workdir")
_Probability = Annotated[float, Field(ge=0.0, le=1.0)]
_Count = Annotated[int, Field(ge=1)]


class Measured(BaseModel):
    """Where a profile's thresholds come from: when, and on how many labelled programs."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    date: datetime.date
    unsafe: _Count
    benign: _Count
    auc: _Probability
    """How often a random unsafe program has a higher risk than a random benign one; 0.5 is a coin."""
    note: str = ""


class Profile(BaseModel):
    """Thresholds on probabilities (0..1); `allow_below` < `deny_above`.

    `decides: false` says that the model cannot tell such programs apart: its opinion is noted, and neither
    allows nor denies.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = "*"
    population: Population = "confined"
    decides: bool = True
    allow_below: _Probability
    deny_above: _Probability
    screen_refuse_above: _Probability
    measured: Measured | None = None

    @model_validator(mode="after")
    def _leaves_room_for_doubt(self) -> Self:
        if self.allow_below >= self.deny_above:
            raise ValueError("allow_below must be less than deny_above")
        return self

    @model_validator(mode="after")
    def _is_known_not_to_decide(self) -> Self:
        if not self.decides and self.measured is None:
            raise ValueError("decides: false must say in `measured` how that was found out")
        return self


@dataclass(frozen=True)
class Profiles:
    """All profiles, in the file's order, and the strict one for models that have none."""

    known: Sequence[Profile]
    default: Profile

    def of(self, model: str, population: Population = "confined") -> Profile:
        """The profile of a model for a kind of scope, by its name, upper and lower case alike.

        A profile holds only for the kind of scope it was measured on; for others the model is a stranger.
        """
        name = Path(model).name.lower()
        fitting = (p for p in self.known if p.population == population)
        return next((p for p in fitting if fnmatch.fnmatchcase(name, p.model.lower())), self.default)


def population_of(allows: Sequence[str]) -> Population:
    """The kind of a scope that grants these capabilities."""
    return "wide" if any(item.startswith(_WIDE) for item in allows) else "confined"


def load_profiles(path: Path = DEFAULT_FILE) -> Profiles:
    """Read a profile file. Raises ValueError when it is not one: a guard must not start on half a profile."""
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(data, Mapping):
        raise ValueError(  # noqa: TRY004  (the type is the file's, not an argument's)
            f"{path} must be a mapping with the keys profiles and default"
        )
    default = Profile.model_validate(data.get("default"))
    if not default.decides:
        raise ValueError(f"{path}: the default is for unmeasured models, so it must decide")
    return Profiles(tuple(_profile(item, default) for item in data.get("profiles", [])), default)


def _profile(item: object, default: Profile) -> Profile:
    """An entry; calibration does not measure screening, so an entry without it takes the default's."""
    if isinstance(item, Mapping):
        item = {"screen_refuse_above": default.screen_refuse_above, **item}
    return Profile.model_validate(item)
