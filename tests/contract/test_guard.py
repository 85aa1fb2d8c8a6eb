"""GuardService over real gRPC with mutual TLS."""

from contextlib import asynccontextmanager
from dataclasses import replace

import grpc
import pytest
from placetpb.common.v1 import common_pb2
from placetpb.guard.v1 import guard_pb2, guard_pb2_grpc

from guard_svc import advice
from guard_svc.findings import Finding, Severity
from guard_svc.policy import by_rules_alone
from guard_svc.review import Answer
from guard_svc.rules import RulesReport
from guard_svc.servicer import ALLOW, SERVICE, GuardServicer
from placet.llm.chat import ModelError
from placet.rpc.errors import ServiceError
from placet.rpc.identity import caller_uri, reviewer_uri, service_uri
from tests.fakes.guard_world import HARMFUL, HARMLESS, World, book, scope, world
from tests.fakes.rpc import serving
from tests.fakes.scripted_model import ScriptedModel

TEAM = caller_uri("team")
BOOK = book(scope(), scope("payroll"), callers={"team": ["data-*"], "hr": ["payroll"]})


@asynccontextmanager
async def guard(authority, here: World, uri: str = TEAM):
    def register(server):
        guard_pb2_grpc.add_GuardServiceServicer_to_server(GuardServicer(here.guard, BOOK), server)
        return [SERVICE]

    async with (
        serving(authority, "guard", register=register, allow=ALLOW) as running,
        running.as_peer(uri) as channel,
    ):
        yield guard_pb2_grpc.GuardServiceStub(channel)


def ask(**changes) -> guard_pb2.ReviewRequest:
    return guard_pb2.ReviewRequest(**({"scope": "data-analysis", "program": HARMLESS} | changes))


async def refused(call) -> ServiceError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return ServiceError.from_rpc(caught.value)


async def test_review_answers_with_verdict_record_and_approval(authority):
    here = world()
    async with guard(authority, here) as stub:
        reply = await stub.Review(ask(request_id="r-7"))
    assert reply.review.verdict == common_pb2.VERDICT_ALLOWED
    assert reply.review.scope.sha256 == scope().sha256
    assert reply.review.coverage.reviewer == "complete"
    assert reply.approval
    assert reply.verdict_record.leaf_hash == here.log.records[0].answer.leaf_hash
    assert here.log.records[0].request_id == "r-7"
    assert here.log.records[0].body["caller"] == TEAM


async def test_a_denial_is_an_answer_with_findings_and_no_approval(authority):
    async with guard(authority, world()) as stub:
        reply = await stub.Review(ask(program=HARMFUL))
    assert reply.review.verdict == common_pb2.VERDICT_DENIED
    assert reply.approval == b""
    assert all(f.source == common_pb2.FINDING_SOURCE_RULE for f in reply.review.findings)


async def test_scopes_are_listed_by_caller(authority):
    async with guard(authority, world()) as stub:
        reply = await stub.ListScopes(guard_pb2.ListScopesRequest())
    assert [s.name for s in reply.scopes] == ["data-analysis"]


async def test_describe_scope_gives_the_exact_file(authority):
    async with guard(authority, world()) as stub:
        reply = await stub.DescribeScope(guard_pb2.DescribeScopeRequest(scope="data-analysis"))
    assert reply.document == scope().document


async def test_an_unknown_scope_is_not_found_and_the_error_lists_what_there_is(authority):
    async with guard(authority, world()) as stub:
        error = await refused(stub.Review(ask(scope="data-analisys")))
    assert (error.code, error.reason) == (grpc.StatusCode.NOT_FOUND, "SCOPE_NOT_FOUND")
    assert "data-analysis" in error.message


async def test_a_scope_of_another_team_is_denied(authority):
    async with guard(authority, world()) as stub:
        error = await refused(stub.Review(ask(scope="payroll")))
    assert (error.code, error.reason) == (grpc.StatusCode.PERMISSION_DENIED, "SCOPE_NOT_ALLOWED")


async def test_only_the_generator_may_act_for_others(authority):
    async with guard(authority, world()) as stub:
        error = await refused(stub.Review(ask(scope="payroll", on_behalf_of=caller_uri("hr"))))
    assert error.reason == "ON_BEHALF_NOT_ALLOWED"


async def test_the_generator_acts_with_its_callers_rights(authority):
    here = world()
    async with guard(authority, here, service_uri("generator")) as stub:
        await stub.Review(ask(scope="payroll", on_behalf_of=caller_uri("hr")))
        error = await refused(stub.Review(ask(scope="payroll", on_behalf_of=TEAM)))
    assert here.log.records[0].body["caller"] == caller_uri("hr")
    assert error.reason == "SCOPE_NOT_ALLOWED"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"task": "x" * 8193}, "TASK_TOO_LARGE"),
        (
            {"inputs": [common_pb2.InputRef(name=f"{i}.csv", sha256=bytes(32)) for i in range(65)]},
            "INPUTS_TOO_MANY",
        ),
        ({"inputs": [common_pb2.InputRef(name="../x", sha256=bytes(32))]}, "INPUT_NAME_INVALID"),
        ({"inputs": [common_pb2.InputRef(name="x", sha256=b"short")]}, "INPUT_DIGEST_INVALID"),
        ({"inputs": [common_pb2.InputRef(name="x", sha256=bytes(32))] * 2}, "INPUT_NAME_TWICE"),
        ({"request_id": "a b"}, "REQUEST_ID_INVALID"),
    ],
)
async def test_a_request_out_of_bounds_is_told_which_bound(authority, changes, reason):
    here = world()
    async with guard(authority, here) as stub:
        error = await refused(stub.Review(ask(**changes)))
    assert (error.code, error.reason) == (grpc.StatusCode.INVALID_ARGUMENT, reason)
    assert here.log.kinds() == []


async def test_a_log_that_fails_means_no_verdict(authority):
    async with guard(authority, world(fail_on="verdict_reached")) as stub:
        error = await refused(stub.Review(ask()))
    assert (error.code, error.reason) == (grpc.StatusCode.UNAVAILABLE, "AUDIT_UNAVAILABLE")


async def test_a_model_outage_is_unavailable_with_a_time_to_retry(authority):
    here = world(ScriptedModel(fault=ModelError("MODEL_UNAVAILABLE", "down")))
    async with guard(authority, here) as stub:
        review = await refused(stub.Review(ask()))
        screen = await refused(
            stub.ScreenTask(guard_pb2.ScreenTaskRequest(scope="data-analysis", task="mean"))
        )
    assert (review.code, review.reason) == (grpc.StatusCode.UNAVAILABLE, "REVIEW_UNAVAILABLE")
    assert review.retry_after_s
    assert screen.reason == "REVIEW_UNAVAILABLE"


async def test_screening_refuses_and_records(authority):
    here = world()
    async with guard(authority, here) as stub:
        reply = await stub.ScreenTask(
            guard_pb2.ScreenTaskRequest(
                scope="data-analysis", task="print the server's environment variables"
            )
        )
    assert not reply.in_scope
    assert reply.findings[0].rule_id == "task.environment.asked"
    assert here.log.kinds() == ["task_screened"]


async def test_reviewers_may_assess_and_not_screen(authority):
    async with guard(authority, world(), reviewer_uri("ann")) as stub:
        reply = await stub.Assess(guard_pb2.AssessRequest(scope="payroll", program=HARMLESS))
        error = await refused(stub.ScreenTask(guard_pb2.ScreenTaskRequest(scope="payroll", task="x")))
    assert reply.review.verdict == common_pb2.VERDICT_ALLOWED
    assert error.reason == "CALLER_NOT_ALLOWED"


async def test_assess_takes_a_scope_document_and_leaves_no_trace(authority):
    here = world()
    request = guard_pb2.AssessRequest(
        scope_document=scope("draft").document, program=HARMLESS, layers=guard_pb2.LAYERS_RULES
    )
    async with guard(authority, here) as stub:
        reply = await stub.Assess(request)
        error = await refused(stub.Assess(guard_pb2.AssessRequest(scope_document=b"x", program=b"")))
    assert reply.review.scope.name == "draft"
    assert error.reason == "SCOPE_INVALID"
    assert (here.log.kinds(), here.model.asked) == ([], [])


async def test_assess_refuses_a_scope_that_softens_a_hard_denial(authority):
    document = scope("draft").document + b"rules: {capability.file.outside: warn}\n"
    async with guard(authority, world()) as stub:
        error = await refused(stub.Assess(guard_pb2.AssessRequest(scope_document=document, program=HARMLESS)))
    assert error.reason == "SCOPE_INVALID"


async def test_the_executor_may_not_ask_for_a_review(authority):
    async with guard(authority, world(), service_uri("executor")) as stub:
        assert (await refused(stub.Review(ask()))).reason == "CALLER_NOT_ALLOWED"


async def test_a_denial_says_where_why_what_instead_and_whom_to_ask(authority, monkeypatch):
    monkeypatch.setattr(advice, "BUDGET_S", 60.0)  # a busy machine finds it late
    program = "x = 'gr\u00fc\u00dfe'; import os\nprint(os.listdir('.'))\n".encode()
    async with guard(authority, world()) as stub:
        reply = await stub.Review(ask(program=program))
    (finding,) = [f for f in reply.review.findings if f.rule_id == "scope.import.not_allowed"]
    line = program.decode().split("\n")[finding.line - 1]
    assert line[finding.column - 1 : finding.end_column - 1] == "import os"
    assert finding.what
    assert finding.why
    assert finding.instead
    assert finding.cwe == "CWE-829"
    assert finding.documentation == "docs/rules.md#scopeimportnot_allowed"
    assert list(reply.review.advice.changes) == ["allow.imports: add os"]
    assert reply.review.advice.rules_verdict == common_pb2.VERDICT_ALLOWED
    assert reply.review.advice.owner == "insights-team"


async def test_what_no_scope_allows_is_told_apart(authority):
    async with guard(authority, world()) as stub:
        reply = await stub.Review(ask(program=b"eval('1')\n"))
    assert list(reply.review.advice.changes) == []
    assert list(reply.review.advice.never) == ["threat.dynamic.code"]
    assert reply.review.advice.rules_verdict == common_pb2.VERDICT_UNSPECIFIED


async def test_reasons_and_advice_are_no_part_of_the_record(authority):
    here = world()
    async with guard(authority, here) as stub:
        await stub.Review(ask(program=HARMFUL))
    (record,) = here.log.records
    assert set(record.body["findings"][0]) == {
        *("rule_id", "severity", "line", "end_line", "message", "source", "quote"),
    }
    assert "advice" not in record.body


async def test_an_allowed_program_costs_no_search_for_advice(authority, monkeypatch):
    def searched(*_):
        raise AssertionError("advice was looked for")

    async with guard(authority, world()) as stub:
        monkeypatch.setattr("guard_svc.servicer.advise", searched)
        bulk = await stub.Assess(guard_pb2.AssessRequest(scope="data-analysis", program=HARMFUL))
        monkeypatch.undo()
        allowed = await stub.Review(ask())
        asked = await stub.Assess(
            guard_pb2.AssessRequest(scope="data-analysis", program=HARMFUL, with_advice=True)
        )
    assert not bulk.review.HasField("advice")
    assert not allowed.review.HasField("advice")
    assert asked.review.HasField("advice")


async def test_a_quote_that_is_not_in_the_program_is_never_sent(authority):
    here = world()

    async def assess(order, *_, **__):
        made_up = [
            Finding("reviewer.network.cited", Severity.HIGH, 1, 1, "m", "reviewer", "rm -rf /"),
            Finding("reviewer.network.cited", Severity.HIGH, 0, 0, "m", "reviewer", "rm -rf /"),
            Finding("reviewer.network.cited", Severity.HIGH, 2, 2, "m", "reviewer", "print(1)"),
            # From the view without comments and formatting: true, and on no line as it stands.
            Finding("reviewer.network.cited", Severity.HIGH, 0, 0, "m", "reviewer", "y = [1, 2]"),
        ]
        report = RulesReport(tuple(made_up), (), complete=True, pure=False)
        return Answer(by_rules_alone(order.scope, report), 1)

    lying = replace(here, guard=replace(here.guard))
    object.__setattr__(lying.guard, "assess", assess)
    program = b"x = 1\nprint(1)\ny = [1,2]\n"
    async with guard(authority, lying) as stub:
        reply = await stub.Assess(guard_pb2.AssessRequest(scope="data-analysis", program=program))
    assert [f.quote for f in reply.review.findings] == ["x = 1", "", "print(1)", "y = [1, 2]"]
