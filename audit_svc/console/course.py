"""The course of one request by the clock: when it began, was judged, and ended.

Knows the order of records. Must not know what they say beyond kind and verdict.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

Milestone = Literal["to_verdict", "to_end"]

ASIDE: Final = frozenset(
    {
        "records_read",
        "records_exported",
        "bodies_erased",
        "label_given",
        "review_claimed",
        "review_released",
        "review_given",
        "replay_reported",
    }
)
"""Kinds that people cause by looking and deciding: no step of the request."""
_ENDS_OF_TASKS: Final = frozenset({"task_finished", "task_refused"})
_ENDS_OF_RUNS: Final = frozenset({"run_finished", "run_aborted"})


@dataclass
class Course:
    """`by_task`: it began as a task, so a run is not its end."""

    began: datetime
    by_task: bool = False
    judged: bool = False
    waited: bool = False
    """People were asked: how long it took is not the machine's doing."""

    @classmethod
    def from_first(cls, kind: str, time: datetime, verdict: str) -> Course:
        """Of a request whose first record this is. One that begins with a verdict took no time until it."""
        by_task = kind in ("task_received", "task_refused")
        return cls(time, by_task, judged=kind == "verdict_reached", waited=verdict == "NEEDS_REVIEW")

    def step(self, kind: str, time: datetime, verdict: str) -> tuple[Milestone, float] | None:
        """What its next record reaches, and the seconds since it began."""
        took = (time - self.began).total_seconds()
        if kind == "verdict_reached":
            first, self.judged = not self.judged, True
            self.waited |= verdict == "NEEDS_REVIEW"
            return ("to_verdict", took) if first else None
        ends = _ENDS_OF_TASKS if self.by_task else _ENDS_OF_RUNS
        return ("to_end", took) if kind in ends and not self.waited else None
