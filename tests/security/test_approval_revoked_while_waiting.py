"""Attack: a stolen key's approval comes before the key is revoked, and waits for its place until it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from executor_svc.admission import RunRequest
from executor_svc.places import Here
from executor_svc.run import Runner
from placet.approval import ApprovalRefused, KeySet
from tests.fakes.approvals import KEY, World
from tests.fakes.executor import Listener
from tests.fakes.fake_sandbox import FakeSandbox
from tests.fakes.memory_log import MemoryLog

REVOKED = KeySet.of(KEY.public, revoked=frozenset({KEY.key_id}))


class Busy(Here):
    """A place for which one has to wait."""

    def __init__(self, sandbox: FakeSandbox) -> None:
        super().__init__(sandbox)
        self.asked, self.free = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def place(self, tenant: str, stages: frozenset[str]) -> AsyncIterator[Here]:
        self.asked.set()
        await self.free.wait()
        async with super().place(tenant, stages) as place:
            yield place


async def test_what_was_good_when_it_came_is_judged_by_the_keys_of_when_it_runs() -> None:
    log, sandbox, worlds = MemoryLog(), FakeSandbox(), [World()]
    places = Busy(sandbox)
    core = Runner(
        log=log,
        places=places,
        trust=lambda: worlds[-1].trust,
        clock=lambda: worlds[-1].now,
        audience=worlds[0].pool.audience,
        ceiling=worlds[0].pool.ceiling,
    )
    running = asyncio.create_task(core.run(worlds[0].request, Listener()))
    await places.asked.wait()  # its signature was found good
    worlds.append(replace(worlds[0], keys=REVOKED))
    places.free.set()

    with pytest.raises(ApprovalRefused) as refused:
        await running
    assert refused.value.reason == "APPROVAL_KEY_REVOKED"
    assert not sandbox.runs
    assert "run_started" not in log.kinds()


def test_a_request_is_judged_anew_by_each_set_of_keys() -> None:
    world = World()
    request: RunRequest = world.request

    assert request.signer(world.keys) == KEY.key_id
    assert request.signer(REVOKED) == ""
    assert request.signer(world.keys) == KEY.key_id
    assert request.signer(KeySet.of()) == ""
