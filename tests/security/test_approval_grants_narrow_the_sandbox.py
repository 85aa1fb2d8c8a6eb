"""A program does at run time what it was not seen to need: the sandbox has no more than the grants say."""

from __future__ import annotations

import pytest

from executor_svc.narrowing import inputs_for, limits_for
from executor_svc.sandbox import InputFile, Sandbox
from tests.conformance.sandbox_kit import LIMITS, run, sandbox_fixture

sandbox = sandbox_fixture()
pytestmark = pytest.mark.asyncio(loop_scope="module")
INPUTS = (InputFile.of("sales.csv", b"region,price\n"),)
WRITE = """
import os
for place in (".", os.environ["TMPDIR"]):
    try:
        with open(os.path.join(place, "out"), "w") as file:
            file.write("x")
        print("WROTE")
    except OSError as error:
        print("refused", error.errno)
"""


async def test_without_a_grant_to_write_not_a_byte_reaches_a_file(sandbox: Sandbox) -> None:
    ran = await run(sandbox, WRITE, limits=limits_for(("fs.read:inputs", "import:json"), LIMITS))
    assert b"WROTE" not in ran.stdout
    assert ran.stdout.count(b"refused") == 2
    assert ran.result.artifacts == ()


@pytest.mark.parametrize("grants", [("fs.write:outputs",), ("fs.write:?", "import:json"), ("import:pandas",)])
async def test_with_a_grant_to_write_or_a_library_that_draws_it_is_written(
    sandbox: Sandbox, grants: tuple[str, ...]
) -> None:
    ran = await run(sandbox, WRITE, limits=limits_for(grants, LIMITS))
    assert ran.stdout == b"WROTE\nWROTE\n"
    assert [artifact.name for artifact in ran.result.artifacts] == ["out"]


async def test_without_a_grant_on_files_there_are_no_inputs(sandbox: Sandbox) -> None:
    program = "import os; print(os.listdir('.'))"
    assert (await run(sandbox, program, inputs_for(("import:json",), INPUTS))).stdout == b"[]\n"
    assert (await run(sandbox, program, inputs_for(("fs.read:inputs",), INPUTS))).stdout == b"['sales.csv']\n"


async def test_a_program_that_writes_nothing_runs_with_no_room_to_write(sandbox: Sandbox) -> None:
    ran = await run(sandbox, "print(1)", limits=limits_for((), LIMITS))
    assert (ran.status, ran.result.exit_code, ran.stdout) == ("EXITED", 0, b"1\n")
