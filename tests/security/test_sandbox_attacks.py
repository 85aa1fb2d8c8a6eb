"""Every attack on the sandbox, in every tier that this machine can build.

An ordinary user's executor, whose filter on system calls is the same, is spared what only repeats it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator

import pytest
import pytest_asyncio

from executor_svc.sandbox import Sandbox
from tests.conformance.sandbox_kit import PYTHON, opened, reachable_python
from tests.security.sandbox_attacks_kit import (
    ATTACKS,
    TIERS,
    Attack,
    World,
    attempt,
    attempt_as_user,
    reached,
    status_of,
    without_twins,
    world,
)

AS_ROOT = [
    (tier, attack) for tier in TIERS for attack in ATTACKS if tier in attack.tiers and "root" in attack.people
]
AS_USER = {
    tier: without_twins(attack for attack in ATTACKS if tier in attack.tiers and "user" in attack.people)
    for tier in TIERS
}


def _id(value: object) -> str:
    return value.name if isinstance(value, Attack) else str(value)


@pytest.fixture(scope="module")
def here() -> Iterator[World]:
    with world() as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandboxes() -> AsyncIterator[dict[str, Sandbox]]:
    async with opened("T1", preload=()) as confined, opened("T0", preload=()) as bare:
        yield {"T1": confined, "T0": bare}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("tier", "attack"), AS_ROOT, ids=_id)
async def test_an_attack_does_not_reach_its_aim(
    sandboxes: dict[str, Sandbox], here: World, tier: str, attack: Attack
) -> None:
    ran = await attempt(sandboxes[tier], attack, here)
    assert not reached(ran, here), (ran.stdout + ran.stderr).decode("utf-8", "replace")
    assert not attack.ends or status_of(ran) in attack.ends, (status_of(ran), ran.stderr)


@pytest.fixture(scope="module", params=TIERS)
def as_user(request: pytest.FixtureRequest, here: World) -> tuple[str, dict[str, tuple[str, str]]]:
    tier = request.param
    if not PYTHON.exists():
        pytest.skip("no sandbox interpreter: run `make setup`")
    return tier, attempt_as_user(reachable_python(), tier, AS_USER[tier], here)


def test_no_attack_reaches_its_aim_when_the_executor_is_an_ordinary_user(
    as_user: tuple[str, dict[str, tuple[str, str]]], here: World
) -> None:
    tier, found = as_user
    wrong = []
    for attack in AS_USER[tier]:
        status, said = found[attack.name]
        if here.token in said or any(line.startswith("GOT") for line in said.splitlines()):
            wrong.append(f"{attack.name} reached its aim: {said[:300]}")
        elif attack.ends and status not in attack.ends:
            wrong.append(f"{attack.name} ended {status}, not {' or '.join(attack.ends)}: {said[-300:]}")
    assert not wrong, "\n".join(wrong)


def test_there_are_enough_attacks_to_mean_something() -> None:
    assert len(ATTACKS) >= 80


@pytest.mark.parametrize("tier", TIERS)
def test_what_an_ordinary_user_is_spared_leaves_each_kind_and_each_defence(tier: str) -> None:
    def met(attacks: Iterable[Attack]) -> set[tuple[str, object, object]]:
        return {(attack.name.partition("_")[0], attack.falls_without, attack.ends) for attack in attacks}

    here = [attack for attack in ATTACKS if tier in attack.tiers and "user" in attack.people]
    assert met(AS_USER[tier]) == met(here)
    assert len(here) / 2 < len(AS_USER[tier]) < len(here)
