"""What a program does to get something out past the stages around it; each attack is a file of its own."""

from __future__ import annotations

import ast
import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from executor_svc.delivery import shipping, staged
from executor_svc.delivery.staged import Work
from executor_svc.delivery.wanted import Wanted
from executor_svc.sandbox import InputFile, RunLimits, RunResult, Sandbox
from placet.scope import load_scope
from tests.conformance.sandbox_kit import opened

ATTACKS = sorted(Path(__file__).with_name("delivery_attacks").glob("*.py"))
LIMITS = RunLimits(wall_s=6, cpu_s=2, memory_mib=512, output_kib=64, artifacts=12, artifact_mib=4)
EMAIL = b"kim.lee@example.com"
STAFF = InputFile.of(
    "staff.csv", b"name,email,pay\nKim,kim.lee@example.com,10\nMax,max.moss@example.com,12\n"
)
HONEST = (
    b"import pandas as pd\nt = pd.read_csv('staff.csv')\nprint(t.pay.mean())\nt[['pay']].to_csv('pay.csv')\n"
)
SCOPE = """\
apiVersion: placet/v1
kind: Scope
metadata: {name: staff, version: 1, owner: hr}
purpose: Answer questions about pay.
outputs:
  kinds: [text, csv, json, parquet, xlsx]
  contract: {max_rows: 1000, max_kib: 2048, deny_columns: [email]}
"""
DRAWN = SCOPE.replace("outputs:\n  kinds: [text,", "outputs:\n  images: figures_only\n  kinds: [text, png,")


@dataclass
class Told:
    """What came out while it ran, and at its end."""

    output: list[tuple[str, bytes]] = field(default_factory=list)

    async def hear(self, stream: str, data: bytes) -> None:
        self.output.append((stream, data))

    def all(self, result: RunResult) -> bytes:
        """Every byte that anybody gets."""
        texts = (*result.notices, *(text for each in result.violations for text in vars(each).values()))
        files = (part for file in result.artifacts for part in (file.name.encode(), file.content))
        return b"\n".join([*(data for _, data in self.output), *files, *(text.encode() for text in texts)])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox() -> AsyncIterator[Sandbox]:
    async with opened("T1", pool_size=2) as made:
        yield made


async def attempt(sandbox: Sandbox, program: bytes, scope: str) -> tuple[RunResult, Told]:
    told = Told()
    wanted = Wanted.by(load_scope(scope.encode()), {})
    work = Work(program, (STAFF,), LIMITS, {"pandas"})
    return await staged.run(sandbox, wanted, work, told.hear, lambda _: None), told


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda path: path.stem)
async def test_nothing_comes_out_that_must_not(sandbox: Sandbox, attack: Path) -> None:
    source = attack.read_bytes()
    words = ast.get_docstring(ast.parse(source)) or ""
    ends = re.search(r"^ends: (.+)$", words, re.MULTILINE)
    assert ends, "say how it may end"

    result, told = await attempt(sandbox, source, DRAWN if "scope: drawn" in words else SCOPE)
    out = told.all(result)
    await result.release()

    assert EMAIL not in out
    assert b"GOT" not in out
    assert result.status.value in ends[1].split(" or "), (result.violations, result.notices)
    if result.violations:
        assert (result.artifacts, told.output) == ((), [])


class Watched:
    """The sandbox, which says when the last stage has begun."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.delivering = asyncio.Event()

    async def run(self, program: bytes, *arguments: Any, **options: Any) -> RunResult:
        if program == shipping.program("deliver"):
            self.delivering.set()
        return await self._sandbox.run(program, *arguments, **options)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_caller_that_leaves_while_it_is_checked_gets_nothing_and_leaves_nothing(
    sandbox: Sandbox,
) -> None:
    watched, told = Watched(sandbox), Told()
    used: list[RunResult] = []
    wanted, work = Wanted.by(load_scope(SCOPE.encode()), {}), Work(HONEST, (STAFF,), LIMITS, {"pandas"})
    running = asyncio.create_task(staged.run(watched, wanted, work, told.hear, used.append))

    await watched.delivering.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert told.output == []
    assert [(each.status.value, each.usage.cpu_ms > 0) for each in used] == [("CANCELLED", True)]
    after, _ = await attempt(sandbox, HONEST, SCOPE)
    assert after.status.value == "EXITED"


async def test_the_stages_come_to_their_end_without_namespaces_too() -> None:
    async with opened("T0") as bare:
        result, told = await attempt(bare, HONEST, DRAWN)

    assert (result.status.value, result.violations) == ("EXITED", ())
    assert b"".join(data for _, data in told.output) == b"11.0\n"


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("scope", [SCOPE, DRAWN], ids=["checked", "drawn"])
async def test_an_honest_program_is_served_by_the_same_sandbox(sandbox: Sandbox, scope: str) -> None:
    result, told = await attempt(sandbox, HONEST, scope)

    assert result.violations == ()
    assert (result.status.value, result.exit_code) == ("EXITED", 0)
    assert b"".join(data for _, data in told.output) == b"11.0\n"
    assert [(file.name, file.content) for file in result.artifacts] == [("pay.csv", b",pay\n0,10\n1,12\n")]
    assert result.usage.delivery_ms > 0
