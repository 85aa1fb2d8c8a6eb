"""Programs that came of plans, in the sandbox itself: the reporting scope's on the tables of examples/."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from executor_svc.sandbox import InputFile
from executor_svc.sandbox.libraries import DATA
from placet.actions.catalogue import catalogue_for
from placet.actions.compiling import compile_plan
from placet.actions.textform import TextInvalid, read_text
from placet.scope import load_scope
from placet.scope.companions import read_companions
from tests.conformance.sandbox_kit import LIMITS, Ran, opened, run

EXAMPLES = Path(__file__).parents[2] / "examples"
TABLES = ("penguins.csv", "sunspots.csv", "us_macro.csv")


def _programs() -> list[bytes]:
    scope = load_scope((EXAMPLES / "scopes/reporting.yaml").read_bytes())
    catalogue = catalogue_for(scope, read_companions(scope, EXAMPLES / "scopes"))
    found = []
    for text in scope.examples.allowed:
        try:
            found.append(compile_plan(read_text(text), catalogue))
        except TextInvalid:
            continue
    return found


@pytest.fixture(scope="module")
def runs() -> list[Ran]:
    inputs = [InputFile.of(name, (EXAMPLES / name).read_bytes()) for name in TABLES]

    async def run_all() -> list[Ran]:
        async with opened("T1", preload=DATA.modules) as sandbox:
            limits = replace(LIMITS, wall_s=60, cpu_s=30)
            return [await run(sandbox, program, inputs, limits) for program in _programs()]

    return asyncio.run(run_all())


def test_a_compiled_plan_runs_and_leaves_what_it_says(runs: list[Ran]) -> None:
    assert [(ran.status, ran.result.exit_code, ran.stderr) for ran in runs] == [("EXITED", 0, b"")] * len(
        runs
    )
    assert b"Gentoo" in runs[0].stdout
    names = [[artifact.name for artifact in ran.result.artifacts] for ran in runs]
    assert names == [[], [], ["figure-1.png"], ["figure-1.png"], ["recessions.csv"], [], ["figure-1.png"]]
