"""docs/quotas.md §4 at the generator: tasks wait for their turn before their inputs are read."""

from __future__ import annotations

import asyncio

import pytest

from generator_svc.places import Places
from placet.rpc.errors import ServiceError


async def test_a_quiet_callers_task_comes_after_one_of_a_noisy_ones() -> None:
    places, order, end = Places(solving=1, waiting=0, queued=2000), list[str](), asyncio.Event()

    async def task(caller: str) -> None:
        async with places.solving(caller):
            order.append(caller)
            await end.wait()

    asked = [asyncio.create_task(task("noisy")) for _ in range(1000)]
    await asyncio.sleep(0)
    asked.append(asyncio.create_task(task("quiet")))
    await asyncio.sleep(0)
    end.set()
    await asyncio.gather(*asked)

    assert order.index("quiet") <= 2
    assert len(order) == 1001


async def test_beyond_its_share_a_caller_is_told_to_come_back_and_others_are_let_in() -> None:
    places, end = Places(solving=1, waiting=0, queued=9), asyncio.Event()

    async def task(caller: str) -> None:
        async with places.solving(caller):
            await end.wait()

    asked = [asyncio.create_task(task("noisy")) for _ in range(20)]
    await asyncio.sleep(0)
    asked.append(asyncio.create_task(task("quiet")))
    await asyncio.sleep(0)
    end.set()
    answers = await asyncio.gather(*asked, return_exceptions=True)

    refused = [answer for answer in answers if isinstance(answer, ServiceError)]
    assert [(error.reason, error.retry_after_s) for error in refused] == [("TOO_MANY_TASKS", 5.0)] * 12
    assert answers[-1] is None


async def test_whoever_gives_up_waiting_leaves_its_place() -> None:
    places = Places(solving=1, waiting=0, queued=1)
    async with places.solving("a"):
        for _ in range(3):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.001), places.solving("b"):
                    pass
    async with places.solving("b"):
        """There is a place again."""
