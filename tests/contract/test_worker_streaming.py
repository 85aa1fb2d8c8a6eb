"""The messages of a run on a worker, and what a slow front does to a program (docs/workers.md §2)."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from placetpb.common.v1 import common_pb2
from placetpb.worker.v1 import worker_pb2 as pb

from executor_svc.sandbox import InputFile, RunLimits, RunResult, SandboxUnavailable, Usage
from executor_svc.sandbox.types import OnCancelled, OnOutput
from placet.rpc.errors import ServiceError
from tests.fakes.fake_sandbox import FakeSandbox
from tests.fakes.worker_here import worker_with
from tests.fakes.workers import Ground, leased, requests, told

CHUNK = 64 * 1024
MANY = 2000


@dataclass
class Pouring(FakeSandbox):
    """A program that writes 125 MiB, and how much of that was taken from it."""

    poured: int = 0

    async def run(
        self,
        program: bytes,
        inputs: Sequence[InputFile],
        limits: RunLimits,
        on_output: OnOutput,
        *,
        imports: Collection[str] = (),
        on_cancelled: OnCancelled | None = None,
    ) -> RunResult:
        for _ in range(MANY):
            await on_output("stdout", bytes(CHUNK))
            self.poured += 1
        return await super().run(program, inputs, limits, on_output)


async def test_a_front_that_reads_slowly_slows_the_program_down(ground: Ground) -> None:
    """2.5: what is on the way is bounded by the connection, and goes on when the front does."""
    sandbox = Pouring()
    async with worker_with(ground, sandbox) as (stub, _), leased(stub) as hold:
        call = stub.Run(iter(requests(ground.order("print(1)"), hold.granted.lease_id)))
        events = aiter(call)
        await anext(events)
        await anext(events)
        stood = await stands_still(sandbox)
        for _ in range(2 * stood):
            await anext(events)
        assert sandbox.poured > stood
        call.cancel()

    assert stood < MANY / 4


async def stands_still(sandbox: Pouring) -> int:
    """How much was poured once that is not more than a moment before."""
    before = -1
    async with asyncio.timeout(30):
        while sandbox.poured != before:
            before = sandbox.poured
            await asyncio.sleep(0.3)
    return before


async def to_the_end(call: Any, events: list[pb.RunResponse] | None = None) -> None:
    while event := await told(call.read()):
        if events is not None:
            events.append(event)


async def refusal(stub: Any, sent: list[pb.RunRequest]) -> str:
    """What a run of these messages is refused with."""
    with pytest.raises(ServiceError) as error:
        await to_the_end(stub.Run(iter(sent)))
    return f"{error.value.code.name}/{error.value.reason}"


async def test_messages_out_of_order_are_refused_and_end_the_run(ground: Ground) -> None:
    """2.3: no header, a second one, `cancel` or the end before the inputs, a chunk after them."""
    sandbox = FakeSandbox(hang=True)
    order = ground.order("print(1)", [InputFile.of("given.csv", b"a,b")])
    cancel = pb.RunRequest(cancel=pb.CancelRun())
    more = pb.RunRequest(chunk=common_pb2.InputChunk(name="given.csv", data=b"c"))
    async with worker_with(ground, sandbox) as (stub, _), leased(stub) as hold:
        header, chunk = requests(order, hold.granted.lease_id)
        assert await refusal(stub, [chunk]) == "INVALID_ARGUMENT/HEADER_MISSING"
        assert await refusal(stub, []) == "INVALID_ARGUMENT/HEADER_MISSING"
        assert await refusal(stub, [header, header]) == "INVALID_ARGUMENT/CHUNK_MISSING"
        assert await refusal(stub, [header, cancel]) == "INVALID_ARGUMENT/CHUNK_MISSING"
        assert await refusal(stub, [header]) == "INVALID_ARGUMENT/INPUT_SIZE_WRONG"
        assert sandbox.runs == []
        assert await refusal(stub, [header, chunk, more]) == "INVALID_ARGUMENT/CANCEL_EXPECTED"

    assert (len(sandbox.runs), sandbox.killed) == (1, 1)


async def test_a_worker_tells_what_a_run_had_used_whose_sandbox_failed_after_it(ground: Ground) -> None:
    """docs/contract.md 7.8: then the error, as without it; and where nothing is known, nothing is told."""
    for used, told_of in (
        (Usage(cpu_ms=7, delivery_ms=20), ["begun", "output", "failed"]),
        (None, ["begun"]),
    ):
        failure = SandboxUnavailable("told to")
        failure.usage = used
        sandbox = FakeSandbox(fail=failure, stdout=b"1" if used else b"")
        events: list[pb.RunResponse] = []
        async with worker_with(ground, sandbox) as (stub, _), leased(stub) as hold:
            call = stub.Run(iter(requests(ground.order("1"), hold.granted.lease_id)))
            with pytest.raises(ServiceError, match="SANDBOX_UNAVAILABLE"):
                await to_the_end(call, events)
        assert [event.WhichOneof("event") for event in events] == told_of
        if used:
            assert (events[-1].failed.usage.cpu_ms, events[-1].failed.usage.delivery_ms) == (7, 20)
