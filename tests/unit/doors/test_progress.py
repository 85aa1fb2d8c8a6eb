"""Progress over MCP: in order, and all before the answer (docs/doors.md §2.3)."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from placet.answers import Output, Program, Progress
from placet.cli.main import run
from placet.doors.mcp_server import progress, step_of


class SlowHost:
    """Takes its time for each message."""

    def __init__(self) -> None:
        self.told: list[tuple[float, str | None]] = []

    async def report_progress(
        self, done: float, total: float | None = None, message: str | None = None
    ) -> None:
        for _ in range(5):
            await asyncio.sleep(0)
        self.told.append((done, message))


async def test_a_slow_host_is_told_every_stage_before_the_answer() -> None:
    host = SlowHost()
    context: Any = SimpleNamespace(session=host)
    async with progress(context) as tell:
        tell(Progress("screening"))
        tell(Output("stdout", b"not a stage"))
        tell(Progress("generating", 1))

    assert host.told == [(1, "screening"), (2, "generating, attempt 1")]


def test_a_plan_is_told_as_one() -> None:
    free = Program(b"print(1)\n", "", 1, "m")

    assert step_of(free) == "program of 1 lines, attempt 1"
    assert step_of(replace(free, plan=b"{}")) == "plan, compiled to 1 lines, attempt 1"


def test_without_the_library_the_command_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "mcp", None)

    assert run(["mcp"]) == 4
    assert "MCP_MISSING" in capsys.readouterr().err
