"""What people decide at the console is what an executor asks for (docs/approval-format.md §4.5)."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from executor_svc.admission import Case, Pool, RunRequest, check_people, check_signature, check_sizes
from executor_svc.people import Quorum
from executor_svc.trust import KnownScopes
from placet.approval import ApprovalRefused, KeySet
from placet.approval.envelope import first_line
from tests.fakes.approvals import CALLER, CEILING
from tests.fakes.review_world import PROGRAM, SCOPE, ReviewWorld, review_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[ReviewWorld]:
    async with review_world(tmp_path) as made:
        yield made


def admitted(world: ReviewWorld, file: bytes, quorum: Quorum) -> None:
    """Steps 4.1, 4.3 and 4.11. Raises ApprovalRefused."""
    digest = hashlib.sha256(SCOPE).digest()
    scopes = KnownScopes(frozenset({digest}), quorums={digest: quorum})
    keys = KeySet.load(world.directory / "keys")
    pool = Pool("local", CEILING, "T1")
    case = Case(RunRequest(CALLER, PROGRAM, file), keys, scopes, pool, datetime.now(UTC))
    for step in (check_sizes, check_signature, check_people):
        step(case)


async def allowed_by(world: ReviewWorld, *names: str) -> bytes:
    """The approval file of an item that these people had to allow."""
    index = await world.asked(quorum=len(names))
    for name in names:
        await world.decide(name, index)
    return await world.approve(names[-1], index)


@pytest.mark.parametrize(
    ("names", "quorum"),
    [
        (("ana",), Quorum(1, 1)),
        (("ana",), Quorum(1, 3)),
        (("ana", "ben"), Quorum(2, 2)),
        (("ana", "ben", "cleo"), Quorum(1, 3)),
    ],
)
async def test_as_many_people_as_the_guard_asked_for_are_enough(
    world: ReviewWorld, names: tuple[str, ...], quorum: Quorum
) -> None:
    admitted(world, await allowed_by(world, *names), quorum)


async def test_an_approval_without_its_decisions_is_not(world: ReviewWorld) -> None:
    file = await allowed_by(world, "ana", "ben")
    with pytest.raises(ApprovalRefused, match="APPROVAL_QUORUM_MISSING"):
        admitted(world, first_line(file), Quorum(2, 2))


async def test_decisions_of_another_item_do_not_help(world: ReviewWorld) -> None:
    """A guard, or a log, that says one where the scope says two gets nothing run."""
    file = await allowed_by(world, "ana")
    with pytest.raises(ApprovalRefused, match="APPROVAL_QUORUM_MISSING"):
        admitted(world, file, Quorum(2, 2))
