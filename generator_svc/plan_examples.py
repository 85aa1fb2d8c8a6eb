"""Worked plans for the prompt: how steps lead from a file to an answer.

Knows a made-up file. Must not depend on the task: the examples are part of the prompt's fixed beginning. One
that does not fit a catalogue, because its actions are not offered there, is left out.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from generator_svc.examples import GAMES
from placet.actions.plan import Step
from placet.actions.types import TableType, Value

INPUTS: Final[Mapping[str, TableType]] = {
    "games.csv": TableType.of(
        {"team": "text", "day": "date", "points": "number", "minutes": "number", "height": "number"}
    )
}


@dataclass(frozen=True)
class Example:
    """A task on the made-up file, and the steps after reading it; none: no plan leads to the answer."""

    task: str
    steps: tuple[Step, ...]

    @property
    def question(self) -> str:
        """As it stands in the prompt."""
        return f"{GAMES}{json.dumps(self.task)}"


def _step(action: str, **values: Value) -> Step:
    return Step(action, values)


_READ: Final = _step("read", file="games.csv")

_BELOW_5_PERCENT: Final[Value] = {"column": "p value", "op": "<", "value": 0.05}

EXAMPLES: Final = (
    Example(
        "Add a column PerMinute, points divided by minutes. What is its average for games with at least 20 "
        "points? Print @mean[value].",
        (
            _READ,
            _step("derive", table=1, left="points", op="/", right="minutes", name="PerMinute"),
            _step("filter_rows", table=2, where=[{"column": "points", "op": ">=", "value": 20}]),
            _step("value", table=3, column="PerMinute", how="mean"),
        ),
    ),
    Example(
        "How are points correlated with height (Pearson)? Print the coefficient, and 'related' if the "
        "p-value is below 0.05, else 'unrelated'.",
        (
            _READ,
            _step("correlate", table=1, x="points", y="height", method="pearson"),
            _step(
                "label", table=2, where=[_BELOW_5_PERCENT], yes="related", no="unrelated", name="relationship"
            ),
        ),
    ),
    Example(
        "Show the total points of each team as a bar chart.",
        (
            _READ,
            _step("aggregate", table=1, by=["team"], column="points", how="sum", name="total points"),
            _step("bar", table=2, x="team", y="total points"),
        ),
    ),
)
CANNOT: Final = Example(
    "Cluster the teams by their points and minutes into three groups with k-means.", (_READ,)
)
