"""Whoever reaches the metrics learns numbers: nothing that a caller or a model wrote is a label."""

from __future__ import annotations

from collections.abc import Iterator

import grpc
import pytest
from placetpb.common.v1 import common_pb2
from placetpb.guard.v1 import guard_pb2

from placet.rpc.identity import caller_uri
from tests.contract import test_executor as executing
from tests.contract import test_generator as generating
from tests.contract import test_guard as guarding
from tests.fakes.approvals import World as Approved
from tests.fakes.approvals import foreign
from tests.fakes.guard_world import scope, world
from tests.fakes.metering import collected
from tests.fakes.openai_server import OpenAIServer
from tests.fakes.rpc import Authority

MARK = "hunter2"
chain = generating.chain
REPLY = f"```python\nimport {MARK}\n```"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def model() -> Iterator[OpenAIServer]:
    with OpenAIServer(REPLY) as server:
        yield server


def labels() -> set[str]:
    return {value for found in collected() for sample in found.samples for value in sample.labels.values()}


async def test_guard_shows_no_word_of_a_caller(authority: Authority) -> None:
    """Not of a task or a program, and not the name of a scope that the caller brought along."""
    here, brought = world(), scope(MARK).document
    ref = common_pb2.InputRef(name=f"{MARK}.csv", sha256=bytes(32), size=1)
    async with guarding.guard(authority, here) as stub:
        await stub.Review(
            guarding.ask(task=MARK, program=f"import {MARK}\n".encode(), request_id=MARK, inputs=[ref])
        )
        await stub.Assess(guard_pb2.AssessRequest(scope_document=brought, program=b"print(1)\n"))
        await stub.ScreenTask(guard_pb2.ScreenTaskRequest(scope="data-analysis", task=MARK))
        for call in (stub.Review(guarding.ask(scope=MARK)), stub.Review(guarding.ask(audience="x" * 999))):
            with pytest.raises(grpc.aio.AioRpcError):
                await call

    assert any(record.request_id == MARK for record in here.log.records)
    assert {"data-analysis", "DENIED", "NOT_FOUND"} <= labels()
    assert [label for label in labels() if MARK in label] == []


async def test_executor_shows_no_word_of_a_caller(authority: Authority) -> None:
    house = executing.House(Approved(approval=foreign()))
    async with executing.opened(authority, house, caller_uri(MARK)) as stub:
        for header in ({"request_id": MARK}, {"request_id": f"{MARK} and a space"}):
            with pytest.raises(grpc.aio.AioRpcError):
                async for _ in stub.Execute(executing.messages(house.world, **header)):
                    pass

    assert house.log.kinds() == ["admission_refused", "admission_refused"]
    assert [label for label in labels() if MARK in label] == []


async def test_generator_shows_no_word_of_a_caller_or_a_model(chain: generating.Chain) -> None:
    await chain.solve(generating.a_task(request_id=MARK, text=MARK))
    await chain.refusal(generating.a_task(request_id=MARK, scope="x" * 999))

    assert f"import {MARK}" in chain.log.of("program_generated")[0].bodies["program"].decode()
    assert [label for label in labels() if MARK in label] == []
