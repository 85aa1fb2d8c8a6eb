"""The console asks a real guard over mutual TLS, as `svc/console` and as nobody else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import pytest
from placetpb.guard.v1 import guard_pb2, guard_pb2_grpc

from audit_svc.console.guards import Guards, Question
from guard_svc.prompts import prompt_version
from guard_svc.servicer import ALLOW, SERVICE, GuardServicer
from guard_svc.version import rules_version
from placet.approval.statement import InputDigest
from placet.rpc.errors import ServiceError
from placet.rpc.identity import service_uri
from tests.fakes.guard_world import HARMFUL, HARMLESS, World, book, scope, world
from tests.fakes.rpc import Authority, Serving, serving
from tests.fakes.scripted_model import ScriptedModel

BOOK = book(scope(), scope("payroll"), callers={"team": ["data-*"]})
SALES = (InputDigest("sales.csv", b"7" * 32, 3),)


@asynccontextmanager
async def served(authority: Authority, here: World) -> AsyncIterator[Serving]:
    def register(server: grpc.aio.Server) -> list[str]:
        guard_pb2_grpc.add_GuardServiceServicer_to_server(GuardServicer(here.guard, BOOK), server)
        return [SERVICE]

    async with serving(authority, "guard", register=register, allow=ALLOW) as running:
        yield running


@asynccontextmanager
async def guards(authority: Authority, here: World | None = None) -> AsyncIterator[Guards]:
    async with (
        served(authority, here or world()) as running,
        Guards.connected({"running": running.address}, authority.service("console")) as known,
    ):
        yield known


def question(**change: object) -> Question:
    asked = {"program": HARMLESS, "task": "mean", "inputs": SALES, "scope": "data-analysis"}
    return Question(**({"document": b"", "layers": "rules"} | asked | change))  # type: ignore[arg-type]


async def test_the_console_is_told_of_every_team_s_scopes(authority: Authority) -> None:
    """Also where a callers file says which caller may use which."""
    async with guards(authority) as known:
        assert known.names == ["running"]
        assert await known.named("running").scopes() == ["data-analysis", "payroll"]


async def test_a_judgement_says_what_it_rests_on(authority: Authority) -> None:
    """As verdicts are recorded with it, so that both sides of a report can be compared."""
    async with guards(authority, world(ScriptedModel())) as known:
        alone = await known.named("running").judge(question())
        both = await known.named("running").judge(question(layers="all"))

    assert (alone.policy.rules, alone.policy.prompt, alone.policy.model) == (rules_version(), "", "")
    assert (both.policy.prompt, both.policy.model) == (prompt_version(), "scripted")
    assert both.policy.scope.sha256 == scope().sha256.hex()


async def test_the_names_of_inputs_count(authority: Authority) -> None:
    """A program that reads its input is judged as one; without the name it would read something unlisted."""
    async with guards(authority) as known:
        with_names = await known.named("running").judge(question())
        without = await known.named("running").judge(question(inputs=()))

    assert with_names.judged.rule_ids == ()
    assert without.judged.rule_ids == ("capability.file.unlisted",)


async def test_a_document_goes_before_a_loaded_scope(authority: Authority) -> None:
    """And is what the judgement names."""
    document = scope().document.replace(b"[pandas, numpy]", b"[numpy]")
    async with guards(authority) as known:
        said = await known.named("running").judge(question(document=document))

    assert said.judged.verdict == "DENIED"
    assert said.policy.scope.sha256 != scope().sha256.hex()


async def test_an_error_keeps_its_reason(authority: Authority) -> None:
    """What a replay tells apart: a document that no guard takes, and a scope that this one has not."""
    async with guards(authority) as known:
        for change, reason in (
            ({"document": b"kind: Scope"}, "SCOPE_INVALID"),
            ({"scope": "elsewhere"}, "SCOPE_NOT_FOUND"),
        ):
            with pytest.raises(ServiceError, match=reason):
                await known.named("running").judge(question(**change))


async def test_the_console_gets_no_approval_of_a_guard(authority: Authority) -> None:
    """It may ask for judgements; Review, which signs, is not for it."""
    request = guard_pb2.ReviewRequest(scope="data-analysis", program=HARMFUL)
    async with served(authority, world()) as running, running.as_peer(service_uri("console")) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await guard_pb2_grpc.GuardServiceStub(channel).Review(request)

    assert ServiceError.from_rpc(refused.value).reason == "CALLER_NOT_ALLOWED"
