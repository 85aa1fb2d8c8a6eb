"""What one caller used of its quota, and whether there is room for more (docs/quotas.md §1, §2).

Knows which records use what. Must not know other callers, or where records come from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from audit_svc.quota import AROUND_RUN_S, LONGEST_RUN_S, Quota, window_s
from audit_svc.window import Window

RUNS_AT_ONCE: Final = "runs_at_once"
RUN_RETRY_S: Final = 1.0
"""When a run ends cannot be known."""
_CPU: Final = ("cpu_s_per_hour", "cpu_s_per_day")
_TOKENS: Final = ("tokens_per_hour", "tokens_per_day")

NEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    "task_received": ("tasks_per_minute", *_CPU, *_TOKENS),
    "run_started": (RUNS_AT_ONCE, "runs_per_minute", *_CPU),
    "task_screened": _TOKENS,
    "verdict_reached": _TOKENS,
}
"""What must not be used up for a record of a kind."""
REFUSED: Final = frozenset({"task_received", "run_started"})
"""Those of them that are refused. The tokens of the others are spent by then: they are asked about before."""
COUNTED: Final = (
    "task_received",
    "task_screened",
    "program_generated",
    "generation_failed",
    "verdict_reached",
    "review_failed",
    "run_started",
    "run_finished",
    "run_aborted",
)
"""The kinds that use something, or end using it."""

Body = Mapping[str, object]


@dataclass(frozen=True)
class Used:
    """One limit, and what counts towards it now; processor time in whole seconds, rounded up."""

    limit: str
    at_most: int
    used: int
    retry_after_s: float | None = None
    """When there is room again; None while there is, and when there never will be."""


class Usage:
    """What one caller used. Moments are seconds since the epoch and never go back."""

    def __init__(self, quota: Quota) -> None:
        self._limits = quota.limits
        self._windows = {name: Window(window_s(name)) for name in self._limits if name != RUNS_AT_ONCE}
        self._running = Running()
        self._measures = defaultdict[str, list[Window]](list)
        """What is measured → the windows that it counts in."""
        for name, window in self._windows.items():
            self._measures[name.partition("_per_")[0]].append(window)

    def exceeded(self, kind: str, now: float) -> Used | None:
        """What stands in the way of a record of this kind; None: nothing."""
        for name in NEEDS[kind]:
            if name in self._limits and not self._has_room(name, now):
                return Used(*self._state(name, now), self._room_after_s(name, now))
        return None

    @property
    def counts_tokens(self) -> bool:
        """Whether what models are asked for this caller must be on record."""
        return any(name in self._limits for name in _TOKENS)

    def count(self, kind: str, body: Body, now: float) -> None:
        """Take in what a record says was used."""
        for measure, amount in _amounts(kind, body):
            for window in self._measures.get(measure, ()):
                window.add(now, amount)
        if RUNS_AT_ONCE in self._limits:
            self._running.take(kind, body, now)

    def all(self, now: float) -> list[Used]:
        """Every limit."""
        return [Used(*self._state(name, now)) for name in self._limits]

    def idle(self, now: float) -> bool:
        """Whether nothing counts any more, so that nothing need be kept."""
        return not any(used.used for used in self.all(now))

    def _has_room(self, name: str, now: float) -> bool:
        return self._counted(name, now) < self._limits[name] * _unit(name)

    def _state(self, name: str, now: float) -> tuple[str, int, int]:
        return name, self._limits[name], -(-self._counted(name, now) // _unit(name))

    def _counted(self, name: str, now: float) -> int:
        return self._running.at(now) if name == RUNS_AT_ONCE else self._windows[name].used(now)

    def _room_after_s(self, name: str, now: float) -> float | None:
        if not self._limits[name]:
            return None
        if name == RUNS_AT_ONCE:
            return RUN_RETRY_S
        return self._windows[name].free_after_s(now, self._limits[name] * _unit(name) - 1)


class Running:
    """A caller's runs without an end, by id; none for longer than it may run."""

    def __init__(self) -> None:
        self._until: dict[object, float] = {}
        self._next_lapse = 0.0
        """No run lapses before; so that they are looked through only when one may have."""

    def take(self, kind: str, body: Body, now: float) -> None:
        """A run starts or ends."""
        if kind == "run_started":
            until = now + _wall_s(body) + AROUND_RUN_S
            self._next_lapse = min(self._next_lapse, until) if self._until else until
            self._until[body["run_id"]] = until
        elif kind in ("run_finished", "run_aborted"):
            self._until.pop(body["run_id"], None)

    def at(self, now: float) -> int:
        """How many run at this moment."""
        if self._until and now >= self._next_lapse:
            self._until = {run: until for run, until in self._until.items() if until > now}
            self._next_lapse = min(self._until.values(), default=0.0)
        return len(self._until)


def _amounts(kind: str, body: Body) -> Iterator[tuple[str, int]]:
    """What a record used, by the first word of the limits on it."""
    if kind == "task_received":
        yield "tasks", 1
    elif kind == "run_started":
        yield "runs", 1
    elif kind in ("run_finished", "run_aborted"):
        used = body.get("usage")  # what is done around a program takes one processor for as long as it takes
        may_have = _number(body.get("limits"), "cpu_s")  # of a lost worker's run; no other has limits
        yield "cpu_s", _number(used, "cpu_ms") + _number(used, "delivery_ms") + may_have * _unit("cpu_s")
    elif kind in ("program_generated", "generation_failed"):
        yield "tokens", _number(body, "prompt_tokens") + _number(body, "completion_tokens")
    elif (
        kind in ("task_screened", "verdict_reached", "review_failed") and body.get("cached") is not True
    ):  # else spent on an earlier one
        tokens = body.get("tokens")
        yield "tokens", _number(tokens, "prompt") + _number(tokens, "completion")


def _unit(limit: str) -> int:
    """How much of what is counted one of the limit is: processor time is counted in milliseconds."""
    return 1000 if limit.startswith("cpu_s") else 1


def _wall_s(body: Body) -> int:
    return _number(body.get("limits"), "wall_s") or LONGEST_RUN_S - AROUND_RUN_S


def _number(of: object, name: str) -> int:
    """A natural number in a record's body; 0 where there is none."""
    value = of.get(name) if isinstance(of, Mapping) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
