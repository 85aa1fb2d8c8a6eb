"""The Python client against fakes of the services: both kinds, the same verbs, nothing left running."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from placet.answers import Event, Outcome, Output, Program, Progress, RunStarted, VerdictReached
from placet.client import Placet, PlacetSync
from placet.inputs import Input
from placet.local import StackNotRunning
from placet.rpc.errors import ServiceError
from tests.fakes.chain import PNG, Chain, chain, chain_in_thread


@pytest.fixture
async def fakes(tmp_path: Path) -> AsyncIterator[Chain]:
    async with chain(tmp_path / "s") as served:
        yield served


async def test_solve_tells_each_step_and_returns_the_end(fakes: Chain) -> None:
    """Events in order; the result holds program, verdict and output."""
    events: list[Event] = []
    async with Placet.connect(fakes.state) as placet:
        result = await placet.solve(
            "Mean?", scope="data-analysis", inputs=[Input("t.csv", b"a\n1\n")], on_event=events.append
        )

    assert [type(event) for event in events] == [Progress, Program, VerdictReached, Output]
    assert result.outcome is Outcome.DONE
    assert result.stdout == "1\n"
    assert result.program == fakes.generator.program
    assert fakes.generator.received == {"t.csv": b"a\n1\n"}
    assert fakes.generator.task.request_id == result.request_id


async def test_run_hands_back_artifacts_in_memory(fakes: Chain) -> None:
    """Nothing is written by the client."""
    events: list[Event] = []
    async with Placet.connect(fakes.state) as placet:
        result = await placet.run("print(6 * 7)", scope="data-analysis", on_event=events.append)

    assert [a.content for a in result.artifacts] == [PNG]
    assert any(isinstance(event, RunStarted) and event.tier == "T1" for event in events)
    assert result.record is not None
    assert result.record.index == 7


async def test_a_result_holds_the_bytes_as_they_were_written_and_says_what_is_missing(fakes: Chain) -> None:
    """Not text, no end of line, and cut by the executor."""
    fakes.executor.stdout = bytes(range(256)) + b"x" * 1_000_000
    fakes.executor.stdout_truncated = True
    async with Placet.connect(fakes.state) as placet:
        result = await placet.run("print(1)", scope="data-analysis")

    assert result.stdout_bytes == fakes.executor.stdout
    assert result.stdout.encode()[:128] == bytes(range(128))
    assert (result.stdout_truncated, result.stderr_truncated) == (True, False)
    assert result.usage.max_threads == 3


async def test_cancelling_the_task_cancels_the_run(fakes: Chain) -> None:
    """The executor is told, soon."""
    fakes.executor.hang = True
    async with Placet.connect(fakes.state) as placet:
        running = asyncio.create_task(placet.run("print(1)", scope="data-analysis"))
        while fakes.executor.header is None:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

        assert await asyncio.to_thread(fakes.executor.cancelled.wait, 5)


async def test_a_time_limit_is_an_error_and_ends_the_run(fakes: Chain) -> None:
    """DEADLINE_EXCEEDED, with the service's name."""
    fakes.executor.hang = True
    async with Placet.connect(fakes.state) as placet:
        with pytest.raises(ServiceError, match="executor") as late:
            await placet.run("print(1)", scope="data-analysis", timeout_s=1.0)

    assert late.value.reason == "DEADLINE_EXCEEDED"
    assert await asyncio.to_thread(fakes.executor.cancelled.wait, 5)


async def test_a_scope_that_is_not_its_digest_is_refused(
    fakes: Chain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A guard that serves other bytes than it names is not believed."""
    monkeypatch.setattr("tests.fakes.chain.SCOPE", b"other: bytes\n")
    async with Placet.connect(fakes.state) as placet:
        with pytest.raises(ServiceError, match="SCOPE_DIGEST_MISMATCH"):
            await placet.scope("data-analysis")


def test_without_asyncio_the_verbs_are_the_same() -> None:
    """Every public verb of Placet exists on PlacetSync, with the same parameters."""
    verbs = {name for name, value in vars(Placet).items() if inspect.iscoroutinefunction(value)}
    verbs = {name for name in verbs if not name.startswith("_")} - {"close"}

    assert verbs
    for name in verbs:
        assert inspect.signature(getattr(PlacetSync, name)) == inspect.signature(getattr(Placet, name))


def test_the_blocking_client_answers(tmp_path: Path) -> None:
    """As the README shows it."""
    with chain_in_thread(tmp_path / "s") as fakes, PlacetSync.connect(fakes.state) as placet:
        result = placet.run("print(6 * 7)", scope="data-analysis")
        scopes = placet.scopes()

    assert (result.outcome, result.stdout) == ("DONE", "3700.66\n")
    assert [scope.name for scope in scopes] == ["data-analysis"]


def test_no_stack_is_said_at_once(tmp_path: Path) -> None:
    """With the reason, and what to do."""
    with pytest.raises(ServiceError, match="STACK_NOT_RUNNING") as refused:
        Placet.connect(tmp_path)

    assert isinstance(refused.value.__cause__, StackNotRunning)
    assert "up" in refused.value.message
