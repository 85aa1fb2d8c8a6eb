"""People decide about a program: over a real log, with real keys, and the verifier reads what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from audit_svc.access import Role
from audit_svc.console.refusals import Refused
from placet.approval import Approval, KeySet, envelope
from placet.approval.decision import open_decision
from placet.approval.envelope import open_envelope
from tests.fakes.review_world import ReviewWorld, person, refused, review_world

DECIDED = ["verdict_reached", "review_given", "verdict_reached"]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[ReviewWorld]:
    async with review_world(tmp_path) as world:
        yield world


async def test_one_person_allows_it_and_the_caller_gets_an_approval_that_the_log_proves(
    world: ReviewWorld,
) -> None:
    index = await world.asked()
    progress = await world.decide("ana", index)
    assert (progress.verdict, progress.allowing, progress.needed) == ("ALLOWED", 1, 1)
    file = await world.approve("ana", index)
    keys = KeySet.load(world.directory / "keys")
    approval = Approval.from_bytes(open_envelope(envelope.first_line(file), keys))
    assert approval.decided_by == "human:ana"
    assert approval.grants == ("import:pandas", "fs.read:inputs")
    assert world.kinds() == [*DECIDED, "approval_issued", "approval_signed"]
    assert not world.verify().breaks


async def test_a_denial_closes_the_item(world: ReviewWorld) -> None:
    index = await world.asked()
    assert (await world.decide("ana", index, "DENIED")).verdict == "DENIED"
    with refused("DECIDED_ALREADY"):
        await world.decide("ben", index)
    with refused("NOT_ALLOWED_YET"):
        await world.approve("ana", index)
    assert world.kinds() == DECIDED
    assert not world.verify().breaks


async def test_two_people_must_allow_it_where_the_guard_says_two(world: ReviewWorld) -> None:
    index = await world.asked(quorum=2)
    assert (await world.decide("ana", index)).verdict == ""
    with refused("VOTED_ALREADY"):
        await world.decide("ana", index)
    with refused("NOT_ALLOWED_YET"):
        await world.approve("ana", index)
    assert (await world.decide("ben", index)).verdict == "ALLOWED"
    with refused("NOT_YOURS_TO_SIGN"):
        await world.approve("ana", index)
    file = await world.approve("ben", index)
    keys = KeySet.load(world.directory / "keys")
    decisions = [open_decision(line, keys).decision for line in envelope.decision_lines(file)]
    assert {decision.reviewer for decision in decisions} == {"ana", "ben"}
    assert not world.verify().breaks


async def test_one_denial_ends_it_however_many_must_allow_it(world: ReviewWorld) -> None:
    index = await world.asked(quorum=3)
    await world.decide("ana", index)
    assert (await world.decide("ben", index, "DENIED")).verdict == "DENIED"
    with refused("DECIDED_ALREADY"):
        await world.decide("cleo", index)
    assert not world.verify().breaks


async def test_of_two_who_decide_at_once_exactly_one_counts(world: ReviewWorld) -> None:
    index = await world.asked()
    ana, ben = await world.signed("ana", index), await world.signed("ben", index, "DENIED")
    answers = await asyncio.gather(
        world.decisions.decide(person("ana"), index, *ana),
        world.decisions.decide(person("ben"), index, *ben),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, Refused) for answer in answers) == 1
    assert world.kinds() == DECIDED
    assert not world.verify().breaks


async def test_of_two_consoles_that_decide_at_once_exactly_one_counts(world: ReviewWorld) -> None:
    index = await world.asked()
    ana, ben = await world.signed("ana", index), await world.signed("ben", index, "DENIED")
    answers = await asyncio.gather(
        world.console().decide(person("ana"), index, *ana),
        world.console().decide(person("ben"), index, *ben),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, Refused) for answer in answers) == 1, answers
    assert world.kinds() == DECIDED
    assert not world.verify().breaks


async def test_a_console_that_stopped_after_the_vote_writes_the_verdict_when_it_is_back(
    world: ReviewWorld,
) -> None:
    index = await world.asked()
    world.log.fail_on = "verdict_reached"
    with pytest.raises(asyncio.CancelledError):
        await world.decide("ana", index)
    world.log.fail_on = ""
    assert world.kinds() == ["verdict_reached", "review_given"]
    case = await world.console().case(index)
    assert case.settled is not None
    assert (case.settled.verdict, case.settled.name) == ("ALLOWED", "ana")
    await world.approve("ana", index)
    assert not world.verify().breaks


async def test_what_placet_approve_decides_is_left_to_it_for_a_minute(world: ReviewWorld) -> None:
    index = await world.asked()
    await world.vote_elsewhere("ben", index)
    assert (await world.decisions.case(index)).settled is None
    with refused("DECIDED_ALREADY"):
        await world.decide("ana", index)
    assert world.kinds() == ["verdict_reached", "review_given"]
    world.ahead = timedelta(minutes=2)
    case = await world.decisions.case(index)
    assert case.settled is not None
    assert (case.settled.name, case.signer) == ("ben", "ben")


async def test_what_placet_approve_has_decided_is_not_signed_here(world: ReviewWorld) -> None:
    index = await world.asked()
    await world.settle_elsewhere("ben", index)
    with refused("DECIDED_ALREADY"):
        await world.decide("ana", index)
    with refused("SIGNED_ALREADY"):
        await world.approve("ben", index)
    assert not world.verify().breaks


async def test_a_statement_that_was_handed_out_is_handed_out_again(world: ReviewWorld) -> None:
    index = await world.asked()
    await world.decide("ana", index)
    key_id = world.keys["ana"].key_id
    first = await world.decisions.statement(person("ana"), index, key_id)
    assert await world.console().statement(person("ana"), index, key_id) == first
    world.ahead = timedelta(minutes=6)
    assert await world.decisions.statement(person("ana"), index, key_id) != first


async def test_nothing_is_signed_long_after_it_was_decided(world: ReviewWorld) -> None:
    index = await world.asked()
    await world.decide("ana", index)
    world.ahead = timedelta(minutes=16)
    with refused("TOO_LATE"):
        await world.approve("ana", index)


async def test_a_verdict_without_its_proposal_cannot_be_decided_here(world: ReviewWorld) -> None:
    index = await world.asked(without="proposal")
    with refused("PROPOSAL_UNFIT"):
        await world.decide("ana", index)


async def test_a_claim_keeps_others_away_until_it_runs_out(world: ReviewWorld) -> None:
    index = await world.asked()
    await world.claims.claim(person("ana"), index)
    with refused("CLAIMED"):
        await world.claims.claim(person("ben"), index)
    with refused("CLAIMED"):
        await world.decide("ben", index)
    with refused("CLAIMED"):
        await world.claims.release(person("ben"), index)
    world.ahead = timedelta(minutes=16)
    assert (await world.decide("ben", index)).verdict == "ALLOWED"
    assert not world.verify().breaks


async def test_a_claim_ends_when_it_is_left_to_others_or_an_admin_ends_it(world: ReviewWorld) -> None:
    index = await world.asked()
    for releaser in (person("ana"), person("ada", Role.ADMIN)):
        await world.claims.claim(person("ana"), index)
        await world.claims.release(releaser, index)
    await world.claims.claim(person("ben"), index)
    case = await world.decisions.case(index)
    assert case.claim is not None
    assert case.claim.name == "ben"
    assert not world.verify().breaks


async def test_of_two_who_claim_at_once_one_has_it(world: ReviewWorld) -> None:
    index = await world.asked()
    answers = await asyncio.gather(
        *(world.claims.claim(person(name), index) for name in ("ana", "ben")), return_exceptions=True
    )
    assert sum(isinstance(answer, Refused) for answer in answers) == 1
    assert world.kinds() == ["verdict_reached", "review_claimed"]
