"""What a reviewer model's probabilities mean: thresholds per model, from profiles.yaml.

Knows numbers and names. Must not know prompts, programs or verdicts.
"""

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

DEFAULT_FILE: Final = Path(__file__).with_name("profiles.yaml")

_Probability = Annotated[float, Field(ge=0.0, le=1.0)]


class Profile(BaseModel):
    """Thresholds on probabilities (0..1); `allow_below` < `deny_above`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = "*"
    allow_below: _Probability
    deny_above: _Probability
    screen_refuse_above: _Probability

    @model_validator(mode="after")
    def _leaves_room_for_doubt(self) -> Self:
        if self.allow_below >= self.deny_above:
            raise ValueError("allow_below must be less than deny_above")
        return self


@dataclass(frozen=True)
class Profiles:
    """All profiles, in the file's order, and the one for models that have none."""

    known: Sequence[Profile]
    default: Profile

    def of(self, model: str) -> Profile:
        """The profile of a model by its name, upper and lower case alike."""
        name = Path(model).name.lower()
        return next((p for p in self.known if fnmatch.fnmatchcase(name, p.model.lower())), self.default)


def load_profiles(path: Path = DEFAULT_FILE) -> Profiles:
    """Read a profile file. Raises ValueError when it is not one: a guard must not start on half a profile."""
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(data, Mapping):
        raise ValueError(  # noqa: TRY004  (the type is the file's, not an argument's)
            f"{path} must be a mapping with the keys profiles and default"
        )
    return Profiles(
        tuple(Profile.model_validate(item) for item in data.get("profiles", [])),
        Profile.model_validate(data.get("default")),
    )
