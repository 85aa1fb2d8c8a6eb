"""No program that intake accepts, however hostile, costs more than a second and 256 MiB to analyse.

Measured in a process of its own, as CPU time, with a factor of two against a busy machine.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.guard.hostile import MEMORY_BYTES, SHAPES, judge

ROOT = Path(__file__).parents[3]
CPU_SECONDS = 1
NOISE = 2
ENDLESS = [
    "doubling in one name",
    "growing one name",
    "aliases backwards",
    "one name, many meanings",
    "one name, many calls",
    "all names in one list",
    "getattr chain",
]


@pytest.fixture(scope="module")
def meter() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.unit.guard.hostile"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        yield process
        process.terminate()


@pytest.mark.parametrize("name", sorted(SHAPES))
def test_a_hostile_program_is_analysed_within_bounds(name: str, meter: subprocess.Popen[str]) -> None:
    assert meter.stdin is not None
    assert meter.stdout is not None
    meter.stdin.write(name + "\n")
    meter.stdin.flush()
    cost = json.loads(meter.stdout.readline())
    assert cost, "the analysis was killed"
    assert cost["cpu"] <= CPU_SECONDS * NOISE
    assert cost["mib"] <= MEMORY_BYTES / 2**20


@pytest.mark.parametrize("name", ENDLESS)
def test_what_is_not_followed_to_its_end_is_denied_and_says_so(name: str) -> None:
    denials = {found.rule_id for found in judge(SHAPES[name]) if found.denies}
    assert denials & {"threat.introspection.unresolved"}


def test_there_are_many_shapes_and_each_fits_the_limit_on_size() -> None:
    assert len(SHAPES) >= 25
    assert not [name for name, program in SHAPES.items() if len(program.encode()) > 64 * 1024]
