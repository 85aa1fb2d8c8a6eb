"""What a key means, when meanings refer to each other in circles.

Knows keys and sets of meanings. Must not know syntax. Each answer is computed once; a circle is walked again
until it says nothing new, so that no answer depends on where one entered.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

_T = TypeVar("_T", bound=Hashable)

MAX_DEPTH: Final = 90
MAX_ROUNDS: Final = 8
MAX_STEPS: Final = 50_000


@dataclass(slots=True)
class Effort:
    """How far a whole analysis has gone. `exhausted` says why it stopped following, or is empty."""

    depth: int = 0
    steps: int = 0
    exhausted: str = ""

    def stop(self, why: str) -> None:
        """Note that something was not followed to its end; the first reason is kept."""
        self.exhausted = self.exhausted or why

    def spend(self, steps: int) -> None:
        """Count work; when there was too much, stop."""
        self.steps += steps
        if self.steps > MAX_STEPS:
            self.stop("The program's names are too many and too entangled to follow.")


class Fixpoint(Generic[_T]):
    """A table of meanings, filled on demand.

    `compute` gives a key's meaning and may ask this table for others. `lasting` names those that must
    settle: growth of all others ends after two rounds. `deep` is the meaning of what lies too deep.
    """

    def __init__(
        self,
        compute: Callable[[Hashable], frozenset[_T]],
        lasting: Callable[[frozenset[_T]], frozenset[_T]],
        effort: Effort,
        deep: frozenset[_T] = frozenset(),
        max_depth: int = MAX_DEPTH,
    ) -> None:
        self._compute = compute
        self._lasting = lasting
        self._effort = effort
        self._deep = deep
        self._max_depth = max_depth
        self.done: dict[Hashable, frozenset[_T]] = {}
        """Answers that hold; readers may look here first."""
        self._round: dict[Hashable, frozenset[_T]] = {}
        self._assumed: dict[Hashable, frozenset[_T]] = {}
        self._active: set[Hashable] = set()
        self._heads: set[Hashable] = set()
        self._grew = False
        self._narrow = False

    def __call__(self, key: Hashable) -> frozenset[_T]:
        """What `key` means; `deep`, with a word in the effort, when it lies too deep."""
        found = self.done.get(key)
        if found is not None:
            return found
        return self._visit(key) if self._active else self._settle(key)

    def is_known(self, key: Hashable) -> bool:
        """Whether asking for `key` costs nothing now."""
        return key in self.done or key in self._round

    def is_open(self) -> bool:
        """Whether an answer is being worked out, so that what is heard now may not be the last word."""
        return bool(self._active)

    def _settle(self, key: Hashable) -> frozenset[_T]:
        for round_number in range(MAX_ROUNDS):
            self._round, self._heads, self._grew = {}, set(), False
            found = self._visit(key)
            if not self._grew:
                break
            if self._effort.exhausted:
                break
            self._narrow = round_number >= 1
        else:
            self._effort.stop("Names lead to each other in circles that do not end.")
        self._narrow = False
        self.done.update(self._round)
        self._assumed.clear()
        return found

    def _visit(self, key: Hashable) -> frozenset[_T]:
        found = self._round.get(key)
        if found is not None:
            return found
        if key in self._active:
            self._heads.add(key)
            return self._assumed.get(key, self._deep)
        if len(self._active) >= self._max_depth or self._effort.depth > MAX_DEPTH:
            self._effort.stop("Names lead further than they are followed.")
            return self._deep
        return self._enter(key)

    def _enter(self, key: Hashable) -> frozenset[_T]:
        effort = self._effort
        if effort.exhausted:
            return self._deep
        self._active.add(key)
        effort.depth += 1
        try:
            found = self._compute(key)
        finally:
            effort.depth -= 1
            self._active.discard(key)
        self._round[key] = found
        effort.spend(1 + len(found))
        if key in self._heads:
            self._learn(key, found)
        return found

    def _learn(self, key: Hashable, found: frozenset[_T]) -> None:
        known = self._assumed.get(key, self._deep)
        new = self._lasting(found) - known if self._narrow else found - known
        if new:
            self._assumed[key] = known | found
            self._grew = True
