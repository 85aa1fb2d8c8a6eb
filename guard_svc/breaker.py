"""Counts denials in a row, and says when a caller must pause: whoever is denied again and again is probing.

Knows callers, scopes and times. Pure: no log, no clock, no gRPC; one event loop calls it. Must not be reset
by what a caller sends, apart from a program that is allowed. Its memory is bounded, and of this process only.
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

MAX_CALLERS: Final = 4096


@dataclass(frozen=True)
class BreakerLimits:
    """When a caller pauses, and for how long. A limit of 0 is off; both 0 and nobody ever pauses."""

    in_a_row: int = 3
    """Denials without an allowed program between them."""

    of_recent: int = 10
    """Denials among the last `recent` programs that were allowed or denied."""

    recent: int = 50
    pause_s: float = 300.0


@dataclass(frozen=True)
class Who:
    """Whose denials count together: one caller in one scope."""

    caller: str
    scope: str


@dataclass(frozen=True)
class Pause:
    """A caller's pause. `until` is on the clock that the breaker was given (seconds)."""

    who: Who
    denials: int
    why: str
    until: float


@dataclass
class _History:
    in_a_row: int = 0
    outcomes: tuple[bool, ...] = ()
    """The last programs, newest last: True was denied."""
    last_group: str = ""
    pause: Pause | None = None


class Breaker:
    """What is known of callers in scopes; the longest unused is forgotten first, a pausing one never."""

    def __init__(self, limits: BreakerLimits, *, max_callers: int = MAX_CALLERS) -> None:
        self.limits = limits
        self._max_callers = max_callers
        self._known: OrderedDict[Who, _History] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def pause_of(self, who: Who, now: float) -> Pause | None:
        """The pause in which `who` is at `now`."""
        history = self._known.get(who)
        pause = history.pause if history else None
        return pause if pause and now < pause.until else None

    def denied(self, who: Who, now: float, *, group: str = "") -> Pause | None:
        """Count a denial; the pause that it starts, if it does.

        Denials of one non-empty `group` (a task's attempts) that follow each other count once.
        """
        history = self._history(who)
        if self.pause_of(who, now) or (group and group == history.last_group):
            return None
        history.last_group = group
        history.in_a_row += 1
        self._remember(history, denied=True)
        history.pause = self._judge(who, history, now)
        if history.pause:
            history.in_a_row = 0
        return history.pause

    def allowed(self, who: Who) -> None:
        """Count an allowed program: the row of denials ends."""
        if who in self._known:
            history = self._history(who)
            history.in_a_row, history.last_group = 0, ""
            self._remember(history, denied=False)

    def over(self, now: float) -> list[Pause]:
        """The pauses that are over at `now` and were not closed yet."""
        return [h.pause for h in self._known.values() if h.pause and h.pause.until <= now]

    def close(self, pause: Pause) -> None:
        """A pause is over, and that is on record."""
        history = self._known.get(pause.who)
        if history and history.pause == pause:
            history.pause = None

    def _judge(self, who: Who, history: _History, now: float) -> Pause | None:
        limits, recent = self.limits, sum(history.outcomes)
        if limits.in_a_row and history.in_a_row >= limits.in_a_row:
            return Pause(who, history.in_a_row, "in_a_row", now + limits.pause_s)
        if limits.of_recent and recent >= limits.of_recent:
            return Pause(who, recent, "of_recent", now + limits.pause_s)
        return None

    def _remember(self, history: _History, *, denied: bool) -> None:
        history.outcomes = (*history.outcomes, denied)[-self.limits.recent :]

    def _history(self, who: Who) -> _History:
        history = self._known.setdefault(who, _History())
        self._known.move_to_end(who)
        if len(self._known) > self._max_callers:
            idle = (other for other, h in self._known.items() if other != who and h.pause is None)
            # Callers and scopes are of our own making, so the pausing ones, which stay, are few.
            self._known.pop(next(idle, who))
            self._known[who] = history
        return history
