"""Every attack of the corpus really does what it claims, with a harmless canary, in the sandbox.

That makes the recall of the rules worth counting. Where only the sandbox stops it, its refusal is the proof.
"""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from executor_svc.sandbox import InputFile, RunLimits, Sandbox
from tests.conformance.sandbox_kit import opened, run
from tests.security.programs import BENIGN, INPUT, Program, attacks, family

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIMITS = RunLimits(wall_s=15, cpu_s=10, memory_mib=256, output_kib=256, artifacts=8, artifact_mib=4)
# Small, so that what exhausts them does it soon.
TIGHT = RunLimits(wall_s=1.5, cpu_s=1, memory_mib=96, output_kib=256, artifacts=4, artifact_mib=1)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox() -> AsyncIterator[Sandbox]:
    async with opened("T1", pool_size=3) as started:
        yield started


def limits(program: Program) -> RunLimits:
    return TIGHT if program.proof.status else LIMITS


async def tried(sandbox: Sandbox, program: Program) -> tuple[str, str, str]:
    inputs = [InputFile(INPUT.name, INPUT.read_bytes())]
    ran = await run(sandbox, program.code, inputs, limits(program))
    return ran.status, ran.stdout.decode("utf-8", "replace"), ran.stderr.decode("utf-8", "replace")


@pytest.mark.parametrize("program", attacks(), ids=str)
async def test_an_attack_does_what_it_claims(sandbox: Sandbox, program: Program) -> None:
    status, stdout, stderr = await tried(sandbox, program)
    assert program.proof.shown_by(status, stdout, stderr), f"{status}\n{stdout[-500:]}\n{stderr[-500:]}"


@pytest.mark.parametrize("program", family(BENIGN), ids=str)
async def test_an_honest_program_ends_well(sandbox: Sandbox, program: Program) -> None:
    status, _, stderr = await tried(sandbox, program)
    assert (status, "Traceback" in stderr) == ("EXITED", False), stderr[-500:]
