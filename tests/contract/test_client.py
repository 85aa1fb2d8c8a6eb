"""The Python client against fakes of the services: both kinds, the same verbs, nothing left running."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
from placetpb.audit.v1 import audit_pb2
from placetpb.common.v1 import common_pb2

from placet.answers import Event, Outcome, Output, Program, Progress, RunStarted, Verdict, VerdictReached
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


def by_kim(approval: bytes) -> audit_pb2.AwaitReviewResponse:
    """What the log tells of a decision; without an approval it is a denial."""
    return audit_pb2.AwaitReviewResponse(
        verdict=common_pb2.VERDICT_ALLOWED if approval else common_pb2.VERDICT_DENIED,
        approval=approval,
        decided_by="human:kim",
        reason="read it twice",
        index=11,
    )


async def test_a_run_that_waits_goes_on_with_what_people_approved(fakes: Chain) -> None:
    """The same request is named to guard, log and executor; both verdicts are told."""
    fakes.guard.verdict = common_pb2.VERDICT_NEEDS_REVIEW
    fakes.audit.decisions = [by_kim(b"by kim")]
    events: list[Event] = []
    async with Placet.connect(fakes.state) as placet:
        result = await placet.run("print(1)", scope="data-analysis", review_wait_s=60, on_event=events.append)

    assert result.outcome is Outcome.DONE
    assert (fakes.executor.header.approval, fakes.executor.header.request_id) == (
        b"by kim",
        result.request_id,
    )
    assert fakes.audit.awaited[0].request_id == fakes.guard.requests[0].request_id == result.request_id
    stages = [event.stage for event in events if isinstance(event, Progress)]
    assert stages == ["reviewing", "awaiting_review", "running"]
    verdicts = [event for event in events if isinstance(event, VerdictReached)]
    assert [event.verdict for event in verdicts] == [Verdict.NEEDS_REVIEW, Verdict.ALLOWED]
    assert (verdicts[1].decided_by, verdicts[1].findings[0].message) == ("human:kim", "read it twice")


async def test_a_run_that_waits_ends_with_what_people_denied(fakes: Chain) -> None:
    fakes.guard.verdict = common_pb2.VERDICT_NEEDS_REVIEW
    fakes.audit.decisions = [by_kim(b"")]
    async with Placet.connect(fakes.state) as placet:
        result = await placet.run("print(1)", scope="data-analysis", review_wait_s=60)

    assert (result.outcome, fakes.executor.header) == (Outcome.DENIED, None)
    assert result.record is not None
    assert result.record.index == 11


async def test_without_a_decision_in_time_the_answer_is_that_it_needs_review(fakes: Chain) -> None:
    fakes.guard.verdict = common_pb2.VERDICT_NEEDS_REVIEW
    async with Placet.connect(fakes.state) as placet:
        result = await placet.run("print(1)", scope="data-analysis", review_wait_s=1)
        later = await placet.await_review("print(1)", request_id=result.request_id, wait_s=0.1)

    assert (result.outcome, later, fakes.executor.header) == (Outcome.NEEDS_REVIEW, None, None)


async def test_nobody_waits_who_did_not_ask_to(fakes: Chain) -> None:
    fakes.guard.verdict = common_pb2.VERDICT_NEEDS_REVIEW
    async with Placet.connect(fakes.state) as placet:
        result = await placet.run("print(1)", scope="data-analysis")

    assert (result.outcome, fakes.audit.awaited) == (Outcome.NEEDS_REVIEW, [])


async def test_a_log_that_stops_is_asked_again(fakes: Chain) -> None:
    """Another replica, or the same one started anew, tells what was decided meanwhile."""
    stopping = ServiceError(grpc.StatusCode.UNAVAILABLE, "SERVER_STOPPING", "stopping")
    fakes.audit.decisions = [stopping, by_kim(b"by kim")]
    async with Placet.connect(fakes.state) as placet:
        decided = await placet.await_review("print(1)", request_id="r", wait_s=20)

    assert decided is not None
    assert (decided.approval, len(fakes.audit.awaited)) == (b"by kim", 2)


async def test_a_review_that_is_not_ours_is_an_error(fakes: Chain) -> None:
    fakes.audit.decisions = [ServiceError(grpc.StatusCode.NOT_FOUND, "REVIEW_UNKNOWN", "none of yours")]
    async with Placet.connect(fakes.state) as placet:
        with pytest.raises(ServiceError, match="REVIEW_UNKNOWN"):
            await placet.await_review("print(1)", request_id="r", wait_s=20)


async def test_the_generator_is_told_how_long_to_wait(fakes: Chain) -> None:
    async with Placet.connect(fakes.state) as placet:
        await placet.solve("Mean?", scope="data-analysis", review_wait_s=90)

    assert fakes.generator.task.review_wait_s == 90
