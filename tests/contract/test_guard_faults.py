"""Every way in which the reviewer can fail, at every stage, through the real service and the real OpenAI SDK.

One table: what a fault means for a caller. *Unavailable* is an error, and nothing was decided. *Denied* is an
answer: something came back that is no usable opinion. Neither is ever an approval, and neither is remembered.
"""

import socket
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final

import grpc
import pytest
from placetpb.common.v1 import common_pb2
from placetpb.guard.v1 import guard_pb2, guard_pb2_grpc

from guard_svc.reviewer import Reviewer
from guard_svc.screening import Screener
from guard_svc.servicer import ALLOW, REVIEW_TIMEOUT_S, SERVICE, GuardServicer
from placet.llm import chat as chat_module
from placet.llm.chat import ChatModel, ModelSettings
from placet.rpc.errors import ServiceError
from placet.rpc.identity import caller_uri
from tests.fakes.guard_world import PROFILES, World, book, scope, world
from tests.fakes.openai_server import Fault, OpenAIServer
from tests.fakes.rpc import Authority, serving

PROGRAM: Final = b"# the average\nimport pandas as pd\nprint(pd.read_csv('sales.csv').price.mean())\n"
RPC_TIMEOUT_S: Final = 4.2  # 3 s of it are kept for records
CLEAN: Final = '{"findings": [], "outcome": "ALLOW"}'


class Stage(Enum):
    """Where a fault strikes; the value is the number of the first request that it strikes."""

    FIRST_VIEW = 1
    SECOND_VIEW = 2
    REASONS_ALONE = 3  # of a backend without log-probabilities, which gives reasons instead
    SCREENING = 4

    @property
    def first_request(self) -> int:
        return {Stage.SECOND_VIEW: 2, Stage.REASONS_ALONE: 2}.get(self, 1)


UNAVAILABLE: Final = {
    Fault.RATE_LIMITED: "MODEL_RATE_LIMITED",
    Fault.SERVER_ERROR: "MODEL_UNAVAILABLE",
    Fault.UNAUTHORIZED: "MODEL_UNAVAILABLE",
    Fault.HANG: "MODEL_TIMED_OUT",
    Fault.SLOW_DRIP: "MODEL_TIMED_OUT",
    Fault.DISCONNECT: "MODEL_UNAVAILABLE",
    Fault.REDIRECT: "MODEL_UNAVAILABLE",
    Fault.OTHER_MODEL: "MODEL_SUBSTITUTED",
    Fault.NO_MODEL: "MODEL_SUBSTITUTED",
}
DENIED: Final = {
    Fault.REJECTED: "policy.reviewer.too_long",
    Fault.CONTENT_FILTERED: "policy.reviewer.refused",
    Fault.FILTERED_REPLY: "policy.reviewer.refused",
    Fault.REFUSAL: "policy.reviewer.refused",
    Fault.INVALID_JSON: "policy.reviewer.unusable",
    Fault.WRONG_SHAPE: "policy.reviewer.unusable",
    Fault.TRUNCATED_JSON: "policy.reviewer.unusable",
    Fault.HUGE_BODY: "policy.reviewer.unusable",
    Fault.PACKED_BODY: "policy.reviewer.unusable",
    Fault.TOOL_CALLS: "policy.reviewer.unusable",
    Fault.NO_CHOICE: "policy.reviewer.unusable",
    Fault.TWO_CHOICES: "policy.reviewer.unusable",
    Fault.NOT_FINISHED: "policy.reviewer.unusable",
}
# Faults of probabilities: a backend that sends none cannot have them.
DENIED_BY_TOKEN: Final = {
    Fault.BAD_LOGPROBS: "policy.reviewer.unusable",
    Fault.NAN_LOGPROBS: "policy.reviewer.unusable",
    Fault.OTHER_TOKENS: "policy.reviewer.unusable",
    Fault.OVERFULL: "policy.reviewer.unusable",
    Fault.CONTRADICTION: "policy.reviewer.unusable",
}
# Faults of text: where probabilities are read, the text is not.
DENIED_BY_TEXT: Final = {
    Fault.EMPTY: "policy.reviewer.empty",
    Fault.LENGTH: "policy.reviewer.truncated",
    Fault.KEY_TWICE: "policy.reviewer.unusable",
    Fault.NO_JSON: "policy.reviewer.unusable",
}
TOKEN_STAGES: Final = (Stage.FIRST_VIEW, Stage.SECOND_VIEW, Stage.SCREENING)


def cases(faults: Mapping[Fault, str], stages: tuple[Stage, ...]) -> list[Any]:
    return [
        pytest.param(stage, fault, expected, id=f"{stage.name}-{fault.name}")
        for stage in stages
        for fault, expected in faults.items()
    ]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries happen, without their pauses."""
    monkeypatch.setattr(chat_module, "_wait", lambda _: 0.001)


def answers(deny: float, body: Mapping[str, Any]) -> str | dict[str, float]:
    text = body["messages"][-1]["content"]
    if "response_format" in body:
        return CLEAN
    return {"YES": 0.97, "NO": 0.03} if "YES or NO" in text else {"ALLOW": 1 - deny, "DENY": deny}


@dataclass(frozen=True)
class Here:
    stub: Any
    world: World

    async def review(self, *, timeout_s: float = RPC_TIMEOUT_S, **changes: Any) -> Any:
        request = {"scope": "data-analysis", "program": PROGRAM, "task": "mean"} | changes
        return await self.stub.Review(guard_pb2.ReviewRequest(**request), timeout=timeout_s)

    async def screen(self, *, timeout_s: float = RPC_TIMEOUT_S) -> Any:
        request = guard_pb2.ScreenTaskRequest(scope="data-analysis", task="average price per region")
        return await self.stub.ScreenTask(request, timeout=timeout_s)


@asynccontextmanager
async def guard(
    authority: Authority, base_url: str, *, model_s: float = 0.5, review_s: float = REVIEW_TIMEOUT_S
) -> AsyncIterator[Here]:
    chat = ChatModel(ModelSettings(base_url, "key", "fake", model_s, only_this_model=True))
    here = world()
    core = replace(
        here.guard,
        reviewer=Reviewer(chat, PROFILES, model="fake"),
        screener=Screener(chat, PROFILES, model="fake"),
    )
    scopes = book(scope())

    def register(server: grpc.aio.Server) -> list[str]:
        servicer = GuardServicer(core, scopes, review_timeout_s=review_s)
        guard_pb2_grpc.add_GuardServiceServicer_to_server(servicer, server)
        return [SERVICE]

    try:
        async with (
            serving(authority, "guard", register=register, allow=ALLOW) as running,
            running.as_peer(caller_uri("team")) as channel,
        ):
            yield Here(guard_pb2_grpc.GuardServiceStub(channel), replace(here, guard=core))
    finally:
        await chat.aclose()


@asynccontextmanager
async def broken(
    authority: Authority, stage: Stage, fault: Fault, *, deny: float = 0.02
) -> AsyncIterator[Here]:
    with OpenAIServer(lambda body: answers(deny, body), logprobs=stage is not Stage.REASONS_ALONE) as server:
        server.fail_always(fault, when=lambda _: len(server.requests) >= stage.first_request)
        async with guard(authority, server.base_url) as here:
            yield here


async def failing(call: Any) -> ServiceError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return ServiceError.from_rpc(caught.value)


async def outcome(here: Here, stage: Stage) -> Any:
    return await (here.screen() if stage is Stage.SCREENING else here.review())


@pytest.mark.parametrize(
    ("stage", "fault", "reason"),
    cases(UNAVAILABLE, (*TOKEN_STAGES, Stage.REASONS_ALONE)),
)
async def test_a_reviewer_that_cannot_be_asked_is_unavailable_and_nothing_is_decided(
    authority, stage: Stage, fault: Fault, reason: str
):
    async with broken(authority, stage, fault) as here:
        error = await failing(outcome(here, stage))
        kinds = here.world.log.kinds()
        assert (error.code, error.reason) == (grpc.StatusCode.UNAVAILABLE, "REVIEW_UNAVAILABLE")
        assert (error.metadata["model_reason"], error.retry_after_s is not None) == (reason, True)
        # Of a screening, only that it cost something (docs/quotas.md 2.10).
        unspent = stage is Stage.SCREENING and reason not in ("MODEL_TIMED_OUT", "MODEL_SUBSTITUTED")
        assert kinds == ([] if unspent else ["review_failed"])
        assert len(here.world.guard.cache) == 0


@pytest.mark.parametrize("ask", [Here.review, Here.screen])
async def test_the_guard_s_own_limit_ends_an_answer_that_its_caller_would_wait_for(authority, ask: Any):
    """PLACET_GUARD_REVIEW_TIMEOUT_S: an error with a reason, and no denial."""
    with OpenAIServer(lambda body: answers(0.02, body)) as server:
        server.fail_always(Fault.HANG)
        async with guard(authority, server.base_url, model_s=600, review_s=4.2) as here:
            begun = time.monotonic()
            error = await failing(ask(here, timeout_s=600))
            assert time.monotonic() - begun < 300
    assert (error.code, error.reason) == (grpc.StatusCode.UNAVAILABLE, "REVIEW_UNAVAILABLE")
    assert error.metadata["model_reason"] == "MODEL_TIMED_OUT"


@pytest.mark.parametrize(
    ("stage", "fault", "rule_id"),
    [
        *cases(DENIED, (*TOKEN_STAGES, Stage.REASONS_ALONE)),
        *cases(DENIED_BY_TOKEN, TOKEN_STAGES),
        *cases(DENIED_BY_TEXT, (Stage.REASONS_ALONE,)),
    ],
)
async def test_an_answer_that_is_no_opinion_denies_with_its_own_reason(
    authority, stage: Stage, fault: Fault, rule_id: str
):
    async with broken(authority, stage, fault) as here:
        reply = await outcome(here, stage)
        kinds = here.world.log.kinds()
        if stage is Stage.SCREENING:
            assert not reply.in_scope
            assert [f.rule_id for f in reply.findings] == [rule_id]
            assert kinds == ["task_screened"]
        else:
            assert_denied(reply, rule_id)
            assert kinds == ["verdict_reached"]
        assert len(here.world.guard.cache) == 0


def assert_denied(reply: guard_pb2.ReviewResponse, rule_id: str) -> None:
    coverage = reply.review.coverage
    assert reply.review.verdict == common_pb2.VERDICT_DENIED
    assert reply.approval == b""
    assert rule_id in [f.rule_id for f in reply.review.findings]
    assert (coverage.reviewer, coverage.bytes_reviewed) == ("failed", 0)


@pytest.mark.parametrize("fault", list(Fault), ids=lambda fault: fault.name)
@pytest.mark.parametrize(
    ("deny", "verdict"), [(0.6, common_pb2.VERDICT_NEEDS_REVIEW), (0.95, common_pb2.VERDICT_DENIED)]
)
async def test_a_fault_while_reasons_are_asked_for_leaves_the_verdict_as_strict_as_it_was(
    authority, fault: Fault, deny: float, verdict: int
):
    with OpenAIServer(lambda body: answers(deny, body)) as server:
        server.fail_always(fault, when=lambda body: "response_format" in body)
        async with guard(authority, server.base_url) as here:
            reply = await here.review()
    assert reply.review.verdict == verdict
    assert here.world.log.kinds() == ["verdict_reached"]


async def test_reasons_that_follow_the_schema_and_cite_another_program_are_doubt(authority):
    async with broken(authority, Stage.REASONS_ALONE, Fault.NONSENSE) as here:
        reply = await here.review()
    assert reply.review.verdict == common_pb2.VERDICT_NEEDS_REVIEW
    assert "reviewer.reasons.inconsistent" in [f.rule_id for f in reply.review.findings]


@pytest.mark.parametrize("stage", [Stage.FIRST_VIEW, Stage.SCREENING])
@pytest.mark.parametrize("url", ["http://no-such-host.invalid/v1", "http://127.0.0.1:{closed}/v1"])
async def test_an_endpoint_that_is_not_there_is_unavailable(authority, stage: Stage, url: str):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening: refuses
        async with guard(authority, url.format(closed=taken.getsockname()[1])) as here:
            error = await failing(outcome(here, stage))
    assert (error.reason, error.metadata["model_reason"]) == ("REVIEW_UNAVAILABLE", "MODEL_UNAVAILABLE")


async def test_an_endpoint_without_tls_under_https_is_unavailable(authority):
    with OpenAIServer({"ALLOW": 0.99}) as server:
        async with guard(authority, server.base_url.replace("http:", "https:")) as here:
            error = await failing(here.review())
    assert (error.reason, error.metadata["model_reason"]) == ("REVIEW_UNAVAILABLE", "MODEL_UNAVAILABLE")
    assert server.requests == []


async def test_a_redirect_is_not_followed_so_the_program_goes_nowhere_else(authority):
    async with broken(authority, Stage.FIRST_VIEW, Fault.REDIRECT) as here:
        error = await failing(here.review())
    assert "redirects elsewhere" in error.message


async def test_a_program_larger_than_the_context_is_read_in_parts_all_of_it(authority):
    program = b"".join(b"total_%d = %d + 1\n" % (n, n) for n in range(600))
    with OpenAIServer(lambda body: answers(0.02, body)) as server:
        server.fail_always(Fault.REJECTED, when=lambda body: len(body["messages"][-1]["content"]) > 8000)
        async with guard(authority, server.base_url) as here:
            reply = await here.review(program=program, timeout_s=60.0)
    read = "".join(body["messages"][-1]["content"] for body in server.requests[1:])
    assert reply.review.verdict == common_pb2.VERDICT_ALLOWED
    assert reply.review.coverage.bytes_reviewed == len(program)
    assert all(f"total_{n} = " in read for n in range(600))


async def test_after_a_fault_the_same_program_is_reviewed_anew(authority):
    with OpenAIServer(lambda body: answers(0.02, body)) as server:
        server.fail_always(Fault.REFUSAL)
        async with guard(authority, server.base_url) as here:
            assert (await here.review()).review.verdict == common_pb2.VERDICT_DENIED
            server.heal()
            assert (await here.review()).review.verdict == common_pb2.VERDICT_ALLOWED


def test_the_table_knows_every_fault():
    tables = (UNAVAILABLE, DENIED, DENIED_BY_TOKEN, DENIED_BY_TEXT)
    assert {fault for table in tables for fault in table} | {Fault.NONSENSE} == set(Fault)
