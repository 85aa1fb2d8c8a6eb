"""Doing a round of measurements again and again, so that a figure and its baseline meet the same machine.

Knows samples by name. Must not know what is measured.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from bench.report import say

SETTLE_S: Final = 0.1
"""How long what one measurement has set going may take to come to rest before the next."""
_TELL_EVERY_S: Final = 15.0
_LEAST: Final = 3

Samples = defaultdict[str, list[float]]
"""Every value that was measured, by name."""

Act = Callable[[Samples], Awaitable[None]]
"""Measures something and adds what it found."""


@dataclass(frozen=True)
class Plan:
    """`runs`: how many samples each name gets at least; three are enough once `seconds` have gone by.

    `warm` rounds come first and do not count. `slice_runs` is how many runs make one measurement of a rate.
    """

    runs: int
    seconds: float
    warm: int
    slice_runs: int


PLANS: Final = {
    "full": Plan(runs=200, seconds=float("inf"), warm=3, slice_runs=100),
    "quick": Plan(runs=8, seconds=2.0, warm=1, slice_runs=20),
}


async def repeat(name: str, act: Act, plan: Plan) -> Samples:
    """Rounds of one kind as planned."""
    say(f"{name}: {plan.runs} runs")
    for _ in range(plan.warm):
        await act(Samples(list))
    samples = Samples(list)
    started = told = time.monotonic()
    while True:
        await act(samples)
        now, done = time.monotonic(), fewest(samples)
        if done >= plan.runs or (done >= _LEAST and now - started >= plan.seconds):
            return samples
        if now - told >= _TELL_EVERY_S:
            told = now
            say(f"  {done} of {plan.runs}")


async def in_turns(samples: Samples, acts: Sequence[Act]) -> None:
    """Each once, in an order that changes, with a rest after each."""
    for act in random.sample(acts, len(acts)):
        await act(samples)
        await asyncio.sleep(SETTLE_S)


def fewest(samples: Samples) -> int:
    """How many values the name with the fewest has."""
    return min(map(len, samples.values()), default=0)
