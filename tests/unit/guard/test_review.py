"""The core: order of decisions, records and approvals."""

import asyncio

import pytest

from guard_svc.findings import Finding, Severity
from guard_svc.policy import Verdict
from guard_svc.rules import RulesReport
from guard_svc.subject import subject_of
from placet.approval.envelope import open_envelope
from placet.approval.statement import Approval, InputDigest
from placet.llm.chat import Cost, ModelError
from placet.rpc.errors import ServiceError
from placet.scope import load_scope
from tests.fakes.guard_world import HARMFUL, HARMLESS, deadline, order, scope, world
from tests.fakes.scripted_model import ScriptedModel


async def test_allowed_is_recorded_then_approved_then_signed():
    here = world()
    answer = await here.guard.review(order(inputs=(InputDigest("sales.csv", bytes(32), 5),)), deadline())
    assert answer.decision.verdict is Verdict.ALLOWED
    assert here.log.kinds() == ["verdict_reached", "approval_issued"]
    statement = open_envelope(answer.approval, here.keys)
    assert here.log.records[1].bodies["statement"] == statement
    approval = Approval.from_bytes(statement)
    assert approval.program_sha256 == order().program_sha256
    assert (approval.audit_log.index, approval.audit_log.leaf_hash) == (
        0,
        here.log.records[0].answer.leaf_hash,
    )
    assert approval.min_tier == "T1"
    assert [i.name for i in approval.inputs] == ["sales.csv"]


async def test_a_rule_denies_and_the_model_is_not_asked():
    here = world()
    answer = await here.guard.review(order(HARMFUL), deadline())
    assert (answer.decision.verdict, answer.approval, here.model.asked) == (Verdict.DENIED, b"", [])
    assert here.log.records[0].body["coverage"]["reviewer"] == "skipped"


async def test_an_oversized_program_is_a_recorded_refusal():
    here = world()
    answer = await here.guard.review(order(b"#" * (64 * 1024 + 1)), deadline())
    assert (answer.decision.verdict, answer.decision.decided_by) == (Verdict.DENIED, "intake")
    assert here.log.records[0].body["coverage"]["bytes_reviewed"] == 0


@pytest.mark.parametrize("program", [b"", b"\xff", b"def", b"x = 1\n" * 3000])
async def test_what_cannot_be_read_is_denied(program: bytes):
    assert (await world().guard.review(order(program), deadline())).decision.verdict is Verdict.DENIED


async def test_verdict_only_gives_no_approval():
    here = world()
    answer = await here.guard.review(order(verdict_only=True), deadline())
    assert (answer.approval, here.log.kinds()) == (b"", ["verdict_reached"])


@pytest.mark.parametrize("kind", ["verdict_reached", "approval_issued"])
async def test_no_record_no_answer(kind: str):
    here = world(fail_on=kind)
    with pytest.raises(ServiceError) as caught:
        await here.guard.review(order(), deadline())
    assert caught.value.reason == "AUDIT_UNAVAILABLE"


@pytest.mark.parametrize("reason", ["MODEL_UNAVAILABLE", "MODEL_TIMED_OUT", "MODEL_RATE_LIMITED"])
async def test_an_outage_is_recorded_as_a_failure_and_never_as_a_verdict(reason):
    here = world(ScriptedModel(fault=ModelError(reason, "x")))
    with pytest.raises(ServiceError) as caught:
        await here.guard.review(order(), deadline())
    assert (caught.value.reason, caught.value.retry_after_s) == ("REVIEW_UNAVAILABLE", 5.0)
    assert here.log.kinds() == ["review_failed"]
    assert here.log.records[0].body["reason"] == reason


TIMED_OUT = ModelError("MODEL_TIMED_OUT", "x", cost=Cost(40, 1))


async def test_what_a_review_without_an_opinion_cost_is_on_record():
    """quotas 2.10: the first view was judged, and the second one's answer did not come in time."""
    here = world(ScriptedModel(no=0.9, fault_after=1, fault=TIMED_OUT))
    with pytest.raises(ServiceError):
        await here.guard.review(order(b"# mean\n" + HARMLESS), deadline())
    (record,) = here.log.of("review_failed")
    assert record.body["tokens"] == {"prompt": 1040, "cached": 900, "completion": 2}


@pytest.mark.parametrize("what", ["review", "screen"])
async def test_what_a_cancelled_question_may_have_cost_is_on_record(what: str):
    """quotas 2.10: a token for each four bytes of the prompt, and as many as the answer may have had."""
    here = world(ScriptedModel(hangs=True))
    asking = asyncio.create_task(getattr(here.guard, what)(order(), deadline()))
    await here.model.waiting.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    (record,) = here.log.of("review_failed")
    assert (record.body["reason"], record.body["caller"]) == ("CANCELLED", order().caller)
    assert ("task_sha256" in record.body) == (what == "screen")
    tokens = record.body["tokens"]
    assert tokens["prompt"] > len(here.model.asked[0]) // 4
    assert (tokens["cached"], tokens["completion"]) == (0, 1)


async def test_what_a_screening_without_an_answer_cost_is_on_record():
    """quotas 2.10"""
    here = world(ScriptedModel(fault=TIMED_OUT))
    with pytest.raises(ServiceError):
        await here.guard.screen(order(), deadline())
    (record,) = here.log.of("review_failed")
    assert record.body["tokens"] == {"prompt": 40, "cached": 0, "completion": 1}


async def test_what_an_unusable_screening_cost_is_on_record():
    """quotas 2.10: the answer came, was paid for, and is no opinion."""
    here = world(ScriptedModel(fault=ModelError("MODEL_REPLY_UNUSABLE", "x", cost=Cost(30, 1))))
    assert not (await here.guard.screen(order(), deadline())).in_scope
    assert here.log.of("task_screened")[0].body["tokens"]["prompt"] == 30


async def test_static_proof_survives_an_outage_of_the_model():
    here = world(ScriptedModel(fault=ModelError("MODEL_UNAVAILABLE", "down")))
    pure = order(b"print(sum(range(10)))\n", scope=scope(review="{static_proof: true}"))
    answer = await here.guard.review(pure, deadline())
    assert (answer.decision.verdict, answer.decision.decided_by) == (Verdict.ALLOWED, "rules")


async def test_a_verdict_is_cached_and_an_approval_is_not():
    here = world()
    first = await here.guard.review(order(), deadline())
    second = await here.guard.review(order(), deadline())
    assert len(here.model.asked) == 1
    assert first.approval != second.approval
    assert here.log.kinds() == ["verdict_reached", "approval_issued"] * 2


async def test_another_task_is_another_review():
    here = world()
    await here.guard.review(order(), deadline())
    await here.guard.review(order(task="another"), deadline())
    assert len(here.model.asked) == 2


async def test_a_failure_is_never_cached():
    here = world(ScriptedModel(fault=ModelError("MODEL_REPLY_EMPTY", "x")))
    assert (await here.guard.review(order(), deadline())).decision.verdict is Verdict.DENIED
    here.model.fault = None
    assert (await here.guard.review(order(), deadline())).decision.verdict is Verdict.ALLOWED


async def test_cancelling_a_review_leaves_no_verdict():
    here = world(ScriptedModel(hangs=True))
    task = asyncio.create_task(here.guard.review(order(), deadline()))
    await here.model.waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert here.log.kinds() == ["review_failed"]


async def test_assess_records_nothing():
    here = world()
    answer = await here.guard.assess(order(HARMLESS), deadline())
    assert (answer.decision.verdict, answer.approval, here.log.kinds()) == (Verdict.ALLOWED, b"", [])


async def test_assess_by_rules_asks_no_model():
    here = world(ScriptedModel(0.99))
    answer = await here.guard.assess(order(), deadline(), "rules")
    assert (answer.decision.verdict, here.model.asked) == (Verdict.ALLOWED, [])


async def test_screening_is_recorded():
    here = world()
    assert (await here.guard.screen(order(b""), deadline())).in_scope
    assert here.log.kinds() == ["task_screened"]


@pytest.mark.parametrize(("allow", "shown"), [("read: [inputs]", False), ("read: [inputs, workdir]", True)])
async def test_the_reviewer_reads_the_task_only_where_a_task_can_matter(allow: str, shown: bool):
    """In a scope of inputs and outputs it would only tell an obliging model that harm was asked for."""
    document = (
        b"apiVersion: placet/v1\nkind: Scope\nmetadata: {name: s, version: 1, owner: o}\npurpose: Count.\n"
    )
    here = world()
    given = order(
        b"print(1)\n", scope=load_scope(document + f"allow: {{{allow}}}\n".encode()), task="read all"
    )
    await here.guard.review(given, deadline())
    assert ("read all" in here.model.asked[0]) is shown


async def test_the_record_says_what_the_model_thought_and_what_it_cost():
    here = world(ScriptedModel(0.1))
    await here.guard.review(order(), deadline())
    body = here.log.records[0].body
    assert (body["reviewer_risk_pct"], body["tokens"]) == (
        10,
        {"prompt": 1000, "cached": 900, "completion": 1},
    )


async def test_the_model_can_be_asked_about_a_program_that_the_rules_deny_and_clears_nothing():
    here = world(ScriptedModel(0.0))
    answer = await here.guard.assess(order(HARMFUL), deadline(), "reviewer")
    assert (answer.decision.verdict, answer.decision.opinion.risk) == (Verdict.DENIED, 0.0)
    assert (await here.guard.assess(order(HARMFUL), deadline())).decision.opinion is None


@pytest.mark.parametrize(
    ("severity", "told"),
    [(Severity.LOW, False), (Severity.MEDIUM, True), (Severity.HIGH, False)],
)
def test_the_reviewer_is_told_doubts_and_neither_notes_nor_denials(severity: Severity, told: bool):
    report = RulesReport(
        (Finding("a.b.c", severity, 3, 3, "odd", "rule"),), ("import:pandas", "import:os"), True, False
    )
    facts = subject_of(order(), report).facts
    assert ("line 3: odd" in facts) is told
    assert ("import:os" in facts[-1]) is not (severity is Severity.HIGH)
    assert "import:pandas" in facts[-1]
