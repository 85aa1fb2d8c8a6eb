"""Attack: ask again and again with small changes until a program passes. The caller pauses all the same."""

import asyncio
from dataclasses import replace

import pytest

from guard_svc.breaker import Breaker, BreakerLimits
from guard_svc.pauses import Pauses
from guard_svc.policy import Verdict
from placet.rpc.errors import ServiceError
from tests.fakes.guard_world import HARMFUL, HARMLESS, deadline, order, world


def guarded():
    here = world()
    return here, replace(here.guard, pauses=Pauses(Breaker(BreakerLimits()), here.log))


async def looked_at(guard, orders) -> int:
    """How many of the orders got a verdict."""
    count = 0
    for item in orders:
        try:
            await guard.review(item, deadline())
            count += 1
        except ServiceError as error:
            if error.reason != "CALLER_PAUSED":
                raise
    return count


CHANGES = {
    "the program": lambda n: {"program": HARMFUL + b"#" * n},
    "the task": lambda n: {"task": f"another wording {n}"},
    "the request id": lambda n: {"request_id": f"r-{n}"},
    "the audience": lambda n: {"audience": f"pool-{n}"},
    "nothing": lambda n: {},
}


@pytest.mark.parametrize("change", CHANGES)
async def test_changing_anything_but_the_verdict_gives_three_tries(change: str):
    _, guard = guarded()
    tries = [order(**({"program": HARMFUL} | CHANGES[change](n))) for n in range(20)]
    assert await looked_at(guard, tries) == 3


async def test_a_harmless_program_between_harmful_ones_gives_ten_tries():
    here, guard = guarded()
    tries = [order(program) for n in range(30) for program in (HARMFUL + b"#" * n, HARMLESS)]
    await looked_at(guard, tries)
    denied = [r for r in here.log.of("verdict_reached") if r.body["verdict"] == Verdict.DENIED.value]
    assert len(denied) == 10


async def test_a_flood_at_once_gets_no_approval_after_the_pause_began():
    here, guard = guarded()
    flood = [order(HARMFUL + b"#" * n) for n in range(10)] + [order(HARMLESS)] * 10
    await asyncio.gather(*(guard.review(item, deadline()) for item in flood), return_exceptions=True)
    kinds = here.log.kinds()
    assert "caller_paused" in kinds
    # A verdict on record before the pause may still bring its approval; none is reached after it.
    assert "verdict_reached" not in kinds[kinds.index("caller_paused") + 1 :]
