"""GuardService over gRPC: plans of actions, and scopes with what stands beside them."""

from contextlib import asynccontextmanager

import grpc
import pytest
from placetpb.common.v1 import common_pb2
from placetpb.guard.v1 import guard_pb2, guard_pb2_grpc

from guard_svc.scopes import ScopeBook
from guard_svc.servicer import ALLOW, MAX_PLAN_BYTES, SERVICE, GuardServicer
from placet.rpc.errors import ServiceError
from placet.rpc.identity import caller_uri
from tests.fakes.actions_world import MEAN, OWN, READ, compiled, document, edition
from tests.fakes.guard_world import World, world
from tests.fakes.rpc import serving

FILES = {"own.py": OWN}
HERE = edition("actions", FILES)
PLAN, PROGRAM = compiled(HERE, READ, MEAN)
SALES = common_pb2.InputRef(name="sales.csv", sha256=bytes(32), size=5)


@asynccontextmanager
async def guard(authority, here: World, caller: str = "team"):
    def register(server):
        book = ScopeBook({"reporting": HERE}, {"team": ["*"], "others": []})
        guard_pb2_grpc.add_GuardServiceServicer_to_server(GuardServicer(here.guard, book), server)
        return [SERVICE]

    async with (
        serving(authority, "guard", register=register, allow=ALLOW) as running,
        running.as_peer(caller_uri(caller)) as channel,
    ):
        yield guard_pb2_grpc.GuardServiceStub(channel)


def ask(**changes) -> guard_pb2.ReviewRequest:
    fields = {"scope": "reporting", "program": PROGRAM, "plan": PLAN, "inputs": [SALES]} | changes
    return guard_pb2.ReviewRequest(**fields)


async def refused(call) -> ServiceError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return ServiceError.from_rpc(caught.value)


async def test_a_plan_is_allowed_and_a_program_without_one_is_denied(authority):
    here = world()
    async with guard(authority, here) as stub:
        planned = await stub.Review(ask())
        free = await stub.Review(ask(plan=b""))
    assert (planned.review.verdict, planned.review.decided_by) == (common_pb2.VERDICT_ALLOWED, "actions")
    assert planned.approval
    assert (free.review.verdict, free.approval) == (common_pb2.VERDICT_DENIED, b"")
    assert "scope.mode.actions" in {found.rule_id for found in free.review.findings}
    assert here.model.asked == []


async def test_a_plan_that_is_too_large_is_refused_before_it_is_read(authority):
    here = world()
    async with guard(authority, here) as stub:
        error = await refused(stub.Review(ask(plan=b" " * (MAX_PLAN_BYTES + 1))))
    assert (error.reason, here.log.kinds()) == ("PLAN_TOO_LARGE", [])


async def test_a_scope_is_described_with_all_that_stands_beside_it(authority):
    async with guard(authority, world()) as stub:
        reply = await stub.DescribeScope(guard_pb2.DescribeScopeRequest(scope="reporting"))
    assert {file.name: file.content for file in reply.files} == FILES


def files(**content: bytes) -> list[common_pb2.ScopeFile]:
    return [common_pb2.ScopeFile(name=f"{name}.py", content=each) for name, each in content.items()]


async def test_a_scope_is_tried_with_the_files_that_are_sent(authority):
    other = OWN.replace(b"flag_big", b"flag_large")
    draft = document("actions", {"own.py": other})
    plan, program = compiled(edition("actions", {"own.py": other}), READ, MEAN)
    request = guard_pb2.AssessRequest(
        scope_document=draft, program=program, plan=plan, inputs=[SALES], layers=guard_pb2.LAYERS_RULES
    )
    async with guard(authority, world()) as stub:
        missing = await refused(stub.Assess(request))
        request.scope_files.extend(files(own=other))
        reply = await stub.Assess(request)
    assert missing.reason == "SCOPE_INVALID"
    assert "files.own.py: no file with the digest" in missing.message
    assert (reply.review.verdict, reply.review.decided_by) == (common_pb2.VERDICT_ALLOWED, "actions")


async def test_another_edition_of_a_scope_is_tried_with_the_files_that_the_guard_has(authority):
    """As a replay under a changed scope does, which sends the document alone."""
    draft = document("actions", FILES, purpose="Something else.")
    request = guard_pb2.AssessRequest(
        scope_document=draft, program=PROGRAM, plan=PLAN, inputs=[SALES], layers=guard_pb2.LAYERS_RULES
    )
    async with guard(authority, world()) as stub:
        reply = await stub.Assess(request)
    assert reply.review.verdict == common_pb2.VERDICT_ALLOWED


async def test_own_actions_that_break_the_scopes_rules_are_told_with_file_and_line(authority):
    bad = OWN.replace(b"import pandas as pd", b"import pandas as pd\nimport socket")
    request = guard_pb2.AssessRequest(
        scope_document=document("actions", {"own.py": bad}), program=b"x", scope_files=files(own=bad)
    )
    async with guard(authority, world()) as stub:
        error = await refused(stub.Assess(request))
    assert "own.py:5: scope.import.not_allowed" in error.message


async def test_what_stands_beside_others_scopes_cannot_be_tried_by_its_digest(authority):
    """Else a caller could have a guard tell what is wrong with a file that is not theirs."""
    draft = document("actions", FILES, purpose="Something else.")
    async with guard(authority, world(), "others") as stub:
        error = await refused(stub.Assess(guard_pb2.AssessRequest(scope_document=draft, program=PROGRAM)))
    assert "files.own.py: no file with the digest" in error.message
