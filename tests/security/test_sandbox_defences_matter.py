"""A mutation check: without the defences that stop it, each attack reaches its aim.

So no attack passes because it is broken, and no defence is there for nothing.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator

import pytest

from tests.security.defences import DEFENCES, without
from tests.security.sandbox_attacks_kit import ATTACKS, Attack, World, attempt, reached, world


def _groups() -> dict[tuple[str, tuple[str, ...]], list[Attack]]:
    """Attacks by tier and by the defences to be removed: each sandbox is made once."""
    found: dict[tuple[str, tuple[str, ...]], list[Attack]] = defaultdict(list)
    for attack in ATTACKS:
        for way in attack.falls_without:
            found[(attack.tiers[0], way)].append(attack)
    return found


GROUPS = _groups()


@pytest.fixture(scope="module")
def here() -> Iterator[World]:
    with world() as made:
        yield made


@pytest.mark.skipif(
    os.geteuid() != 0, reason="the kernel itself keeps an ordinary user from much of this: needs root"
)
@pytest.mark.parametrize(
    ("tier", "way"), sorted(GROUPS), ids=lambda value: value if isinstance(value, str) else "+".join(value)
)
async def test_without_its_defences_an_attack_reaches_its_aim(
    tier: str, way: tuple[str, ...], here: World
) -> None:
    held = []
    async with without(way, tier) as sandbox:
        for attack in GROUPS[(tier, way)]:
            ran = await attempt(sandbox, attack, here)
            if not reached(ran, here):
                said = (ran.stdout + ran.stderr)[-400:].decode("utf-8", "replace")
                held.append(f"{attack.name} ended {ran.status}: {said}")
    assert not held, "\n".join(held)


def test_every_defence_stops_some_attack() -> None:
    used = {name for attack in ATTACKS for way in attack.falls_without for name in way}
    assert used == set(DEFENCES)
