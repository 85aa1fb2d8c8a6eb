"""Every attack of the corpus really does what it claims, with a harmless canary, in the sandbox.

That makes the recall of the rules worth counting. Where only the sandbox stops it, its refusal is the proof.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping

import pytest
import pytest_asyncio

from executor_svc.sandbox import InputFile, RunLimits, Sandbox
from tests.conformance.sandbox_kit import opened, run
from tests.security.programs import BENIGN, INPUT, Program, attacks, family
from tests.security.test_attack_corpus_is_sound import imported

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIMITS = RunLimits(wall_s=60, cpu_s=45, memory_mib=256, output_kib=256, artifacts=8, artifact_mib=4)
# Small, so that what exhausts them does it soon.
TIGHT = RunLimits(wall_s=1.5, cpu_s=1, memory_mib=96, output_kib=256, artifacts=4, artifact_mib=1)
AT_ONCE = 2  # as many as the smallest machine has cores

Seen = tuple[str, str, str]
"""Status, standard output, standard error."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def runs(request: pytest.FixtureRequest) -> AsyncIterator[Mapping[str, asyncio.Task[Seen]]]:
    """A run of each program that was asked for, in the order of the tests, a few ahead of them."""
    chosen = [item.callspec.params["program"] for item in request.session.items if item.path == request.path]
    gate = asyncio.Semaphore(AT_ONCE)
    async with opened("T1", pool_size=AT_ONCE + 1, preload=None) as sandbox:
        tasks = {str(program): asyncio.create_task(tried(sandbox, program, gate)) for program in chosen}
        yield tasks
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)


async def tried(sandbox: Sandbox, program: Program, gate: asyncio.Semaphore) -> Seen:
    inputs = [InputFile.of(INPUT.name, INPUT.read_bytes())]
    limits = TIGHT if program.proof.status else LIMITS
    # A native library that the zygote has loaded already tells less of itself.
    imports = () if program.family == "native" else imported(program)
    async with gate:
        ran = await run(sandbox, program.code, inputs, limits, imports)
    return ran.status, ran.stdout.decode("utf-8", "replace"), ran.stderr.decode("utf-8", "replace")


@pytest.mark.parametrize("program", attacks(), ids=str)
async def test_an_attack_does_what_it_claims(
    runs: Mapping[str, asyncio.Task[Seen]], program: Program
) -> None:
    status, stdout, stderr = await runs[str(program)]
    assert program.proof.shown_by(status, stdout, stderr), f"{status}\n{stdout[-500:]}\n{stderr[-500:]}"


@pytest.mark.parametrize("program", family(BENIGN), ids=str)
async def test_an_honest_program_ends_well(runs: Mapping[str, asyncio.Task[Seen]], program: Program) -> None:
    status, _, stderr = await runs[str(program)]
    assert (status, "Traceback" in stderr) == ("EXITED", False), stderr[-500:]
