"""Attack: a front that was broken into has one approval run twice on a worker (docs/workers.md §2.2)."""

from __future__ import annotations

import asyncio

import pytest

from placet.rpc.errors import ServiceError
from tests.fakes.workers import Ground, Worker, leased, run


async def test_one_approval_is_one_run(ground: Ground, worker: Worker) -> None:
    """One after the other, and at once."""
    order, lives = ground.order("print(1)"), worker.lives()
    async with worker.as_peer() as stub, leased(stub) as hold:
        ran = await run(stub, hold.granted.lease_id, order)
        with pytest.raises(ServiceError) as error:
            await run(stub, hold.granted.lease_id, order)
        crowd = ground.order("print(2)")
        answers = await asyncio.gather(
            *(run(stub, hold.granted.lease_id, crowd) for _ in range(5)), return_exceptions=True
        )
    await worker.life(lives + 1)

    assert ran.stdout == b"1\n"
    assert (error.value.code.name, error.value.reason) == ("ALREADY_EXISTS", "APPROVAL_SPENT")
    assert sum(not isinstance(answer, BaseException) for answer in answers) == 1
