"""Programs that want other looks than the house's, run through the real stages and looked at by pixels.

What docs/style-format.md says in 3.1 to 3.5, 3.8, 3.11 and 5.1 MUST hold against each of them.
"""

from __future__ import annotations

import asyncio

import pytest

from executor_svc.sandbox import RunStatus
from executor_svc.sandbox.libraries import DATA
from tests.conformance.sandbox_kit import opened
from tests.security.style_attacks_kit import (
    ATTACKS,
    SIZE,
    Attack,
    Delivered,
    deliver,
    looked_at,
    wanted,
)

HONEST = b"""
import matplotlib.pyplot as plt
figure, axes = plt.subplots(facecolor="magenta")
axes.plot([1, 2, 3], label="prices")
axes.legend()
figure.savefig("a.png", facecolor="magenta")
"""
OTHERS = {
    "as drawn": (HONEST, "any"),
    "as it was": (HONEST + b"import os; os.unlink('.placet-figures.jsonl')", "any"),
}
pytestmark = pytest.mark.timeout(600)  # all runs are made for the first of the tests


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Delivered]:
    """Every attack's run, and two honest ones, in one sandbox."""

    async def run_all() -> dict[str, Delivered]:
        turns = asyncio.Semaphore(2)

        async def one(source: bytes, images: str) -> Delivered:
            async with turns:
                return await deliver(sandbox, source, wanted(images=images))

        async with opened("T1", pool_size=2, preload=DATA.modules) as sandbox:
            sources = {attack.name: (attack.source, "figures_only") for attack in ATTACKS} | OTHERS
            runs = await asyncio.gather(*(one(*source) for source in sources.values()))
            return dict(zip(sources, runs, strict=True))

    return asyncio.run(run_all())


@pytest.fixture(scope="module")
def seen(
    delivered: dict[str, Delivered], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, object]]:
    """What each PNG looks like, by attack and name."""
    pictures = {
        f"{name}/{file}": content
        for name, run in delivered.items()
        for file, content in run.files.items()
        if content.startswith(b"\x89PNG")
    }
    return looked_at(tmp_path_factory.mktemp("pictures"), pictures)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_what_leaves_has_the_house_background(
    attack: Attack, delivered: dict[str, Delivered], seen: dict[str, dict[str, object]]
) -> None:
    run = delivered[attack.name]
    assert run.result.status is RunStatus.EXITED, (run.result.status, run.result.violations, run.said)
    assert run.result.exit_code == 0, run.said
    assert frozenset(run.files) in attack.leaves, (sorted(run.files), run.result.notices)
    assert attack.told in "\n".join(run.result.notices), run.result.notices
    for name, content in run.files.items():
        if name.endswith(".png"):
            look = seen[f"{attack.name}/{name}"]
            assert (look["frame"], look["opaque"], look["foreign"]) == (1, True, 0), look
            assert tuple(look["size"]) == SIZE or attack.name in GROWN, look
            assert look["house"] > 0.5 or attack.name in FULL, look
        else:
            assert not _shows(content, b"ff00ff", b"magenta", b"#00ff00"), name


FULL = {"own_colour_map", "forged_halves", "spans"}
"""Whose marks fill the axes, in the house's colours."""
GROWN = {"huge"}
"""Taller than wide, and so is the house's."""


def _shows(content: bytes, *words: bytes) -> bool:
    return any(word in content.lower() for word in words)


def test_an_honest_figure_leaves_in_house_style(seen: dict[str, dict[str, object]]) -> None:
    look = seen["as drawn/a.png"]
    assert (look["frame"], look["foreign"], tuple(look["size"])) == (1, 0, SIZE)
    assert look["axes"] > 0.5


def test_the_same_figure_without_a_description_would_be_seen_to_be_another(
    delivered: dict[str, Delivered], seen: dict[str, dict[str, object]]
) -> None:
    """So that the looks above say something: with `images: any` it leaves as the program painted it."""
    look = seen["as it was/a.png"]
    assert look["frame"] == 0
    assert look["foreign"] > 0.2


def test_there_are_enough_attacks_to_mean_something() -> None:
    assert len(ATTACKS) >= 40
