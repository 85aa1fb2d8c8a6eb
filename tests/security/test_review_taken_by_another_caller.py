"""Attack: a caller that knows another's request id and program fetches that caller's approval, or spoils it.

Request ids are chosen by callers, and the log takes one twice: each waits for the decision on their own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from placetpb.common.v1 import common_pb2

from placet.rpc.errors import ServiceError
from tests.contract.test_audit import TASK, As
from tests.contract.test_audit_awaiting import (
    GENERATOR,
    OTHERS,
    SIGNED,
    TEAM,
    append,
    approved,
    decided,
    opened,
    sent_to_people,
    wait,
    waiting,
)
from tests.fakes.audit_world import World


@pytest.fixture
async def peer(tmp_path: Path) -> AsyncIterator[As]:
    async with opened(World(tmp_path), tmp_path) as as_peer:
        yield as_peer


async def test_knowing_id_and_digest_gives_nothing(peer: As) -> None:
    await approved(peer, await sent_to_people(peer))
    with pytest.raises(ServiceError, match="REVIEW_UNKNOWN"):
        await wait(peer, OTHERS)


async def test_having_the_same_reviewed_under_that_id_gives_nothing(peer: As) -> None:
    """They wait for the decision on their own review, and the caller's is none."""
    reviewed = await sent_to_people(peer, TEAM)
    await sent_to_people(peer, OTHERS)
    theirs = await waiting(peer, OTHERS)
    await approved(peer, reviewed)
    await asyncio.sleep(0.1)

    assert not theirs.done()
    theirs.cancel()
    assert (await wait(peer, TEAM)).approval == SIGNED


@pytest.mark.parametrize("uri", [TEAM, GENERATOR])
async def test_a_denial_of_theirs_is_not_the_callers(peer: As, uri: str) -> None:
    """Neither where the caller waits, nor where the generator does on the caller's behalf."""
    await append(peer, GENERATOR, "task_received", TASK | {"caller": TEAM})
    reviewed = await sent_to_people(peer, TEAM)
    theirs = await sent_to_people(peer, OTHERS)
    answer = await waiting(peer, uri)
    await decided(peer, theirs, "DENIED")
    await approved(peer, reviewed)

    reply = await answer
    assert (reply.verdict, reply.approval) == (common_pb2.VERDICT_ALLOWED, SIGNED)
