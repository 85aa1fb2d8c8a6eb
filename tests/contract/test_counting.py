"""Each service counts what docs/metrics.md says, whichever way it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit_svc.__main__ import witnessed_size
from audit_svc.batch import Draft
from audit_svc.ledger import Asked, Ledger
from audit_svc.quota import Quotas
from executor_svc.sandbox import RunStatus
from placet.approval import ApprovalRefused
from placet.approval.statement import tier_number
from placet.llm.chat import ChatModel, ModelError, ModelSettings
from placet.rpc.errors import ServiceError
from placet.rpc.identity import caller_uri
from tests.contract import test_generator as generating
from tests.fakes.approvals import World, foreign
from tests.fakes.audit_world import GENERATOR
from tests.fakes.audit_world import World as LogWorld
from tests.fakes.executor import Listener, runner
from tests.fakes.fake_sandbox import FakeSandbox
from tests.fakes.guard_world import HARMFUL, deadline, order, world
from tests.fakes.memory_log import MemoryLog
from tests.fakes.metering import Meter
from tests.fakes.openai_server import Fault, OpenAIServer
from tests.fakes.scripted_model import ScriptedModel

MESSAGES = [{"role": "user", "content": "hello"}]
chain = generating.chain


@pytest.fixture
def meter() -> Meter:
    return Meter()


@pytest.fixture
def model() -> Iterator[OpenAIServer]:
    with OpenAIServer(generating.REPLY) as server:
        yield server


@pytest.mark.parametrize("status", [RunStatus.EXITED, RunStatus.TIMED_OUT])
async def test_a_run_is_counted_by_its_status_with_its_stages_and_its_cpu(
    meter: Meter, status: RunStatus
) -> None:
    await runner(MemoryLog(), FakeSandbox(status=status), World()).run(World().request, Listener())

    assert meter.grown("placet_executor_runs_total", status.value) == 1
    assert meter.grown("placet_executor_run_cpu_seconds_total") == pytest.approx(0.007)
    for stage in ("admit", "run", "record"):
        assert meter.grown("placet_executor_stage_duration_seconds_count", stage) == 1


async def test_a_run_whose_caller_left_is_counted_as_cancelled(meter: Meter) -> None:
    sandbox = FakeSandbox(hang=True)
    here = runner(MemoryLog(), sandbox, World())
    running = asyncio.create_task(here.run(World().request, Listener()))
    await sandbox.running.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await here.settle()

    assert meter.grown("placet_executor_runs_total", "CANCELLED") == 1


async def test_a_refused_approval_is_counted_by_its_reason(meter: Meter) -> None:
    forged = World(approval=foreign())
    with pytest.raises(ApprovalRefused) as refused:
        await runner(MemoryLog(), FakeSandbox(), forged).run(forged.request, Listener())

    assert meter.grown("placet_executor_admission_refusals_total", refused.value.reason) == 1
    assert meter.grown("placet_executor_runs_total", "EXITED") == 0


async def test_a_sandbox_that_fails_is_an_aborted_run_and_no_status(meter: Meter) -> None:
    sandbox = FakeSandbox()
    sandbox.break_down()
    with pytest.raises(ServiceError):
        await runner(MemoryLog(), sandbox, World()).run(World().request, Listener())

    assert meter.grown("placet_executor_runs_aborted_total", "SANDBOX_UNAVAILABLE") == 1
    assert meter.grown("placet_executor_runs_total", "EXITED") == 0


def test_no_tier_is_below_every_tier() -> None:
    assert [tier_number(tier) for tier in ("T0", "T1", "T2", "T3")] == [0, 1, 2, 3]
    assert tier_number("") == tier_number("T9") == -1


async def test_a_verdict_is_counted_by_scope_and_a_remembered_one_as_such(meter: Meter) -> None:
    here = world()
    for _ in range(2):
        await here.guard.review(order(), deadline())
    await here.guard.review(order(HARMFUL), deadline())

    assert meter.grown("placet_guard_verdicts_total", "data-analysis", "ALLOWED") == 2
    assert meter.grown("placet_guard_verdicts_total", "data-analysis", "DENIED") == 1
    assert meter.grown("placet_guard_cached_verdicts_total", "data-analysis") == 1
    assert meter.grown("placet_guard_stage_duration_seconds_count", "rules") == 2
    assert meter.grown("placet_guard_stage_duration_seconds_count", "reviewer") == 1
    assert meter.grown("placet_guard_stage_duration_seconds_count", "approve") == 2


async def test_a_review_without_a_verdict_is_a_failure_and_no_denial(meter: Meter) -> None:
    silent = ScriptedModel(fault=ModelError("MODEL_UNAVAILABLE", "told to"))
    with pytest.raises(ServiceError):
        await world(silent).guard.review(order(), deadline())

    assert meter.grown("placet_guard_review_failures_total", "MODEL_UNAVAILABLE") == 1
    assert meter.grown("placet_guard_verdicts_total", "data-analysis", "DENIED") == 0


async def test_a_model_is_counted_under_the_name_that_we_gave_it(meter: Meter, model: OpenAIServer) -> None:
    """What an answer calls itself is the endpoint's to choose, each time anew."""
    chat = ChatModel(ModelSettings(model.base_url, "key", "ours", 5.0))
    await chat.reply(MESSAGES, max_tokens=10, deadline_s=5)
    model.fail(Fault.UNAUTHORIZED)
    with pytest.raises(ModelError):
        await chat.reply(MESSAGES, max_tokens=10, deadline_s=5)
    await chat.aclose()

    assert meter.grown("placet_model_calls_total", "ours", "OK") == 1
    assert meter.grown("placet_model_calls_total", "ours", "MODEL_UNAVAILABLE") == 1
    assert meter.grown("placet_model_tokens_total", "ours", "prompt") == 11
    assert meter.grown("placet_model_tokens_total", "ours", "completion") == 7
    assert meter.grown("placet_model_call_duration_seconds_count", "ours") == 2


async def test_a_task_is_counted_by_its_outcome_with_its_stages(
    meter: Meter, chain: generating.Chain
) -> None:
    await chain.solve()

    assert meter.grown("placet_generator_tasks_total", "DONE") == 1
    for stage in ("screening", "generating", "reviewing", "running"):
        assert meter.grown("placet_generator_stage_duration_seconds_count", stage) == 1
    assert meter.grown("placet_generator_tasks_in_flight") == 0


async def test_a_task_without_an_answer_is_counted_as_unanswered(
    meter: Meter, chain: generating.Chain
) -> None:
    chain.model.fail(Fault.UNAUTHORIZED)
    refusal = await chain.refusal()

    assert refusal.reason == "MODEL_UNAVAILABLE"
    assert meter.grown("placet_generator_tasks_total", "UNANSWERED") == 1
    assert meter.grown("placet_generator_tasks_total", "DONE") == 0


async def test_a_record_is_counted_by_kind_once_it_is_durable(meter: Meter, tmp_path: Path) -> None:
    body = {"reason": "X", "message": "m", "caller": "spiffe://placet.local/caller/team"}
    here = LogWorld(tmp_path)
    async with here.writing() as log:
        draft = Draft("task_refused", "r", GENERATOR, body, {}, "key")
        await log.sequencer.append(draft)
        with pytest.raises(ServiceError):
            await log.sequencer.append(
                Draft("task_refused", "r", GENERATOR, {**body, "reason": "Y"}, {}, "key")
            )
        head = log.sequencer.head.checkpoint

    assert meter.grown("placet_log_records_total", "task_refused") == 1
    assert meter.grown("placet_log_batch_records_sum") == 1
    assert meter.grown("placet_log_append_duration_seconds_count") == 2
    assert meter.grown("placet_log_append_refusals_total", "IDEMPOTENCY_CONFLICT") == 1
    assert meter.grown("placet_log_last_record_timestamp_seconds") > 0
    assert (witnessed_size(head), witnessed_size("")) == (1, 0)


def test_a_caller_over_its_quota_is_counted_by_limit_and_name(meter: Meter) -> None:
    ledger = Ledger(
        Quotas.parse(b"{apiVersion: placet/v1, kind: Quotas, quotas: {caller/team: {tasks_per_minute: 0}}}")
    )
    for caller in ("team", "other"):
        asked = Asked(caller_uri(caller), "task_received", "r")
        ledger.refusal(asked, "2026-05-04T12:00:00.000000Z")

    assert meter.grown("placet_log_quota_refusals_total", "tasks_per_minute", "caller/team") == 1
    assert meter.grown("placet_log_quota_refusals_total", "tasks_per_minute", "caller/other") == 0
