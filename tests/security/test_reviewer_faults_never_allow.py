"""Attack: what makes the model fail (a flood, a refusal bait, a cut wire) must not let a program through."""

import pytest

from guard_svc.policy import Verdict
from guard_svc.reviewer import Reviewer
from placet.llm.chat import ChatModel, ModelSettings
from placet.rpc.errors import ServiceError
from tests.fakes.guard_world import PROFILES, deadline, order, world
from tests.fakes.openai_server import Fault, OpenAIServer

DENIES = {
    Fault.REFUSAL: "policy.reviewer.refused",
    Fault.FILTERED_REPLY: "policy.reviewer.refused",
    Fault.CONTENT_FILTERED: "policy.reviewer.refused",
    Fault.INVALID_JSON: "policy.reviewer.unusable",
    Fault.WRONG_SHAPE: "policy.reviewer.unusable",
    Fault.BAD_LOGPROBS: "policy.reviewer.unusable",
    Fault.EMPTY: "policy.reviewer.empty",
    Fault.LENGTH: "policy.reviewer.truncated",
    Fault.REJECTED: "policy.reviewer.too_long",
}
FAILS = [Fault.RATE_LIMITED, Fault.SERVER_ERROR, Fault.UNAUTHORIZED, Fault.HANG, Fault.DISCONNECT]


# A one-token answer always ends with "length", and its log-probabilities are the answer whatever the text is:
# these are faults only of a backend that has text alone.
OF_TEXT = (Fault.EMPTY, Fault.LENGTH, Fault.KEY_TWICE, Fault.NO_JSON, Fault.NONSENSE)


async def review(fault: Fault):
    here = world()
    answer = "ALLOW" if fault in OF_TEXT else {"ALLOW": 0.99}
    with OpenAIServer(answer, logprobs=fault not in OF_TEXT) as server:
        server.fail_always(fault)
        chat = ChatModel(ModelSettings(server.base_url, "key", "fake", 0.5, only_this_model=True))
        guard = type(here.guard)(
            Reviewer(chat, PROFILES, model="fake"), here.guard.screener, here.log, here.guard.approver
        )
        try:
            return here, await guard.review(order(), deadline(5.0))
        except ServiceError as error:
            return here, error
        finally:
            await chat.aclose()


@pytest.mark.parametrize(("fault", "rule_id"), DENIES.items())
async def test_a_broken_answer_denies_with_its_reason(fault: Fault, rule_id: str):
    here, answer = await review(fault)
    assert not isinstance(answer, ServiceError), answer
    assert answer.decision.verdict is Verdict.DENIED
    assert rule_id in [f.rule_id for f in answer.decision.findings]
    assert here.log.kinds() == ["verdict_reached"]


@pytest.mark.parametrize("fault", FAILS)
async def test_a_model_that_cannot_be_asked_is_an_error_and_no_denial(fault: Fault):
    here, answer = await review(fault)
    assert isinstance(answer, ServiceError)
    assert answer.reason == "REVIEW_UNAVAILABLE"
    assert here.log.kinds() == ["review_failed"]


@pytest.mark.parametrize("fault", list(Fault))
async def test_no_fault_ever_yields_an_approval(fault: Fault):
    here, _ = await review(fault)
    assert "approval_issued" not in here.log.kinds()
