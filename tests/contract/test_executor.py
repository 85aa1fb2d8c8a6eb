"""ExecutorService over a real unix socket with mutual TLS; the sandbox and the log are fakes."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

import grpc
import pytest
from placetpb.common.v1 import common_pb2
from placetpb.executor.v1 import executor_pb2 as pb
from placetpb.executor.v1 import executor_pb2_grpc

from executor_svc.__main__ import ALLOW
from executor_svc.gate import Gate
from executor_svc.places import Here
from executor_svc.run import Runner
from executor_svc.sandbox import InputFile, RunStatus, Violation
from executor_svc.servicer import SERVICE, ExecutorServicer
from placet.rpc.errors import ServiceError
from placet.rpc.identity import caller_uri, reviewer_uri, service_uri
from tests.fakes.approvals import CEILING, INPUTS, PROGRAM, World, digests, good_approval, signed
from tests.fakes.executor import runner
from tests.fakes.fake_sandbox import FakeSandbox, artifact
from tests.fakes.memory_log import MemoryLog
from tests.fakes.rpc import Authority, Serving, serving

MIB = 1024 * 1024
TEAM = caller_uri("team")
CHUNK = 256 * 1024


@dataclass
class House:
    """One executor and what it stands on."""

    world: World = field(default_factory=World)
    log: MemoryLog = field(default_factory=MemoryLog)
    sandbox: FakeSandbox = field(default_factory=FakeSandbox)
    gate: Gate = field(default_factory=lambda: Gate(running=2, queued=2))
    runner: Runner = field(init=False)

    def __post_init__(self) -> None:
        self.runner = runner(self.log, self.sandbox, self.world)

    def register(self, server: grpc.aio.Server) -> list[str]:
        servicer = ExecutorServicer(
            runner=self.runner, places=Here(self.sandbox), gate=self.gate, audience="local", ceiling=CEILING
        )
        executor_pb2_grpc.add_ExecutorServiceServicer_to_server(servicer, server)
        return [SERVICE]


@asynccontextmanager
async def opened(
    authority: Authority, house: House, peer: str = TEAM
) -> AsyncIterator[executor_pb2_grpc.ExecutorServiceStub]:
    """A stub of a peer that this house serves."""
    server: Serving
    async with (
        serving(authority, "executor", register=house.register, allow=ALLOW) as server,
        server.as_peer(peer) as channel,
    ):
        yield executor_pb2_grpc.ExecutorServiceStub(channel)


def messages(world: World, **header: object) -> Iterator[pb.ExecuteRequest]:
    """A well-formed request; `header` replaces its fields."""
    refs = [
        common_pb2.InputRef(name=entry.name, sha256=entry.sha256, size=entry.size)
        for entry in digests(world.inputs)
    ]
    fields = {"program": world.program, "approval": world.approval, "inputs": refs, **header}
    yield pb.ExecuteRequest(header=pb.ExecuteHeader(**fields))
    for given in world.inputs:
        for data in given.held.chunks():
            yield pb.ExecuteRequest(chunk=common_pb2.InputChunk(name=given.name, data=data))


async def execute(
    stub, requests, seen: list[str] | None = None, timeout: float | None = None
) -> list[pb.ExecuteResponse]:
    """Every event; `seen` gets their kinds as they come. Raises ServiceError as clients see it."""
    events = []
    try:
        async for event in stub.Execute(requests, timeout=timeout):
            events.append(event)
            if seen is not None:
                seen.append(event.WhichOneof("event"))
        return events
    except grpc.aio.AioRpcError as error:
        raise ServiceError.from_rpc(error) from error


async def test_a_broken_contract_is_an_answer_with_its_paths(authority: Authority) -> None:
    found = Violation("result.json:$.rows[3].price", "result.type", "'x' is not of type 'number'")
    sandbox = FakeSandbox(
        stdout=b"",
        status=RunStatus.CONTRACT_VIOLATED,
        exit_code=None,
        violations=(found,),
        notices=("a.gif was withheld: an image",),
    )
    house = House(sandbox=sandbox)
    async with opened(authority, house) as stub:
        finished = (await execute(stub, messages(house.world)))[-1].finished

    assert finished.status == common_pb2.RUN_STATUS_CONTRACT_VIOLATED
    assert [(each.path, each.rule, each.message) for each in finished.violations] == [
        (found.path, found.rule, found.message)
    ]
    assert list(finished.notices) == ["a.gif was withheld: an image"]
    assert house.log.records[1].body["notices"] == ["a.gif was withheld: an image"]
    assert house.log.records[1].body["violations_total"] == 1


async def until(condition) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


async def test_an_approved_program_runs_and_streams(authority: Authority) -> None:
    """started, output, artifacts in chunks, finished: in that order, with true digests."""
    picture = bytes(range(256)) * 2500
    house = House(
        sandbox=FakeSandbox(stdout=b"1.0\n", stderr=b"warn\n", artifacts=(artifact("p.png", picture),))
    )
    async with opened(authority, house) as stub:
        events = await execute(stub, messages(house.world))

    kinds = [event.WhichOneof("event") for event in events]
    chunks = [event.artifact.data for event in events if event.WhichOneof("event") == "artifact"]
    finished = events[-1].finished
    assert kinds == ["started", "output", "output", "artifact", "artifact", "artifact", "finished"]
    assert max(map(len, chunks)) <= CHUNK
    assert b"".join(chunks) == picture
    assert finished.status == common_pb2.RUN_STATUS_EXITED
    assert finished.artifacts[0].sha256 == hashlib.sha256(picture).digest()
    assert finished.tier == common_pb2.TIER_T1
    assert finished.record.index == 1
    assert finished.checkpoint
    assert house.sandbox.runs[0].inputs == INPUTS
    assert house.log.kinds() == ["run_started", "run_finished"]
    assert house.log.records[1].bodies == {"stdout": b"1.0\n", "stderr": b"warn\n"}
    assert house.log.records[0].body["caller"] == TEAM
    assert house.log.records[0].request_id == "request-1"


async def test_a_program_that_failed_is_an_answer(authority: Authority) -> None:
    """OK, with the status that says how it ended."""
    house = House(sandbox=FakeSandbox(status=RunStatus.SIGNALED, exit_code=None, signal=9))
    async with opened(authority, house) as stub:
        events = await execute(stub, messages(house.world))

    assert events[-1].finished.status == common_pb2.RUN_STATUS_SIGNALED
    assert events[-1].finished.signal == 9
    assert "exit_code" not in house.log.records[1].body


CODES = [
    ({"approval": b""}, "APPROVAL_MISSING", grpc.StatusCode.INVALID_ARGUMENT),
    ({"approval": b"{}"}, "APPROVAL_MALFORMED", grpc.StatusCode.INVALID_ARGUMENT),
    ({"program": PROGRAM + b"#"}, "APPROVAL_DIGEST_MISMATCH", grpc.StatusCode.PERMISSION_DENIED),
    (
        {"approval": signed(good_approval(expires_at=World().now))},
        "APPROVAL_EXPIRED",
        grpc.StatusCode.FAILED_PRECONDITION,
    ),
    ({"request_id": "a b"}, "REQUEST_ID_INVALID", grpc.StatusCode.INVALID_ARGUMENT),
]


@pytest.mark.parametrize(("header", "reason", "code"), CODES, ids=lambda value: str(value)[:30])
async def test_a_refusal_has_its_code_and_reason(authority: Authority, header, reason, code) -> None:
    """docs/approval-format.md §4, last columns."""
    house = House()
    async with opened(authority, house) as stub:
        with pytest.raises(ServiceError) as refused:
            await execute(stub, messages(house.world, **header))

    assert (refused.value.reason, refused.value.code) == (reason, code)
    assert not house.sandbox.runs


async def test_the_second_use_is_already_exists(authority: Authority) -> None:
    """ALREADY_EXISTS/APPROVAL_SPENT."""
    house = House()
    async with opened(authority, house) as stub:
        await execute(stub, messages(house.world))
        with pytest.raises(ServiceError) as refused:
            await execute(stub, messages(house.world))

    assert (refused.value.reason, refused.value.code) == ("APPROVAL_SPENT", grpc.StatusCode.ALREADY_EXISTS)
    assert house.log.kinds()[-1] == "admission_refused"


async def test_a_cancelled_run_is_killed_and_recorded(authority: Authority) -> None:
    """run_finished with CANCELLED and what it had written, although nobody listens any more."""
    house = House(sandbox=FakeSandbox(hang=True))
    async with opened(authority, house) as stub:
        call = stub.Execute(messages(house.world))
        await until(house.sandbox.running.is_set)
        call.cancel()
        await until(lambda: house.log.of("run_finished"))

    record = house.log.of("run_finished")[0]
    assert house.sandbox.killed == 1
    assert record.body["status"] == "CANCELLED"
    assert record.bodies == {"stdout": b"42\n"}


async def test_a_broken_sandbox_is_unavailable_not_a_status(authority: Authority) -> None:
    """UNAVAILABLE/SANDBOX_UNAVAILABLE, and run_aborted on record."""
    house = House()
    house.sandbox.break_down()
    async with opened(authority, house) as stub:
        with pytest.raises(ServiceError) as failed:
            await execute(stub, messages(house.world))

    assert (failed.value.reason, failed.value.code) == ("SANDBOX_UNAVAILABLE", grpc.StatusCode.UNAVAILABLE)
    assert house.log.kinds() == ["run_started", "run_aborted"]


async def test_without_the_log_nothing_runs(authority: Authority) -> None:
    """UNAVAILABLE/AUDIT_UNAVAILABLE before the sandbox gets a byte."""
    house = House(log=MemoryLog(fail_on="run_started"))
    async with opened(authority, house) as stub:
        with pytest.raises(ServiceError) as failed:
            await execute(stub, messages(house.world))

    assert (failed.value.reason, failed.value.code) == ("AUDIT_UNAVAILABLE", grpc.StatusCode.UNAVAILABLE)
    assert not house.sandbox.runs


async def test_without_the_record_of_its_end_no_artifact_leaves(authority: Authority) -> None:
    """The log failed between start and end."""
    house = House(
        log=MemoryLog(fail_on="run_finished"), sandbox=FakeSandbox(artifacts=(artifact("a.csv", b"1"),))
    )
    seen: list[str] = []
    async with opened(authority, house) as stub:
        with pytest.raises(ServiceError, match="AUDIT_UNAVAILABLE"):
            await execute(stub, messages(house.world), seen)

    assert seen == ["started", "output"]


async def test_beyond_the_queue_callers_are_told_when_to_come_back(authority: Authority) -> None:
    """RESOURCE_EXHAUSTED/EXECUTOR_BUSY with a delay, and nothing spent."""
    house = House(sandbox=FakeSandbox(hang=True), gate=Gate(running=1, queued=0))
    async with opened(authority, house) as stub:
        call = stub.Execute(messages(house.world))
        await until(house.sandbox.running.is_set)
        with pytest.raises(ServiceError) as busy:
            await execute(stub, messages(replace(house.world, approval=signed())))
        call.cancel()

    assert (busy.value.reason, busy.value.code) == ("EXECUTOR_BUSY", grpc.StatusCode.RESOURCE_EXHAUSTED)
    assert busy.value.retry_after_s
    assert len(house.log.of("run_started")) == 1


async def test_a_queued_request_runs_when_a_slot_is_free(authority: Authority) -> None:
    """Waiting is not refusing."""
    house = House(gate=Gate(running=1, queued=3))
    worlds = [replace(house.world, approval=signed()) for _ in range(4)]
    async with opened(authority, house) as stub:
        done = await asyncio.gather(*(execute(stub, messages(world)) for world in worlds))

    assert all(events[-1].finished.status == common_pb2.RUN_STATUS_EXITED for events in done)


FAILED = Violation("delivery", "delivery.failed", "what the program left: it ended TIMED_OUT")


@pytest.mark.parametrize(
    ("status", "violations"),
    [(RunStatus.OUTPUT_EXCEEDED, ()), (RunStatus.CONTRACT_VIOLATED, (FAILED,))],
    ids=["its own", "of what looks at what it left"],
)
async def test_a_run_that_a_limit_ended_is_answered_late_and_holds_up_nobody(
    authority: Authority, status: RunStatus, violations: tuple[Violation, ...]
) -> None:
    """Its slot is free meanwhile; its end has been on record all along."""
    sandbox = FakeSandbox(status=status, violations=violations)
    house = House(sandbox=sandbox, gate=Gate(running=1, queued=1, rest_s=30))
    async with opened(authority, house) as stub:
        late = asyncio.create_task(execute(stub, messages(house.world), timeout=60))
        await until(lambda: len(house.log.of("run_finished")) == 1)
        sandbox.status, sandbox.violations = RunStatus.EXITED, ()
        other = await execute(stub, messages(replace(house.world, approval=signed())))
        waited = not late.done()
        late.cancel()

    assert other[-1].finished.status == common_pb2.RUN_STATUS_EXITED
    assert waited


async def test_an_answer_is_not_so_late_that_it_misses_its_caller(authority: Authority) -> None:
    house = House(
        sandbox=FakeSandbox(status=RunStatus.CPU_EXCEEDED), gate=Gate(running=1, queued=1, rest_s=30)
    )
    async with opened(authority, house) as stub:
        events = await execute(stub, messages(house.world), timeout=2)

    assert events[-1].finished.status == common_pb2.RUN_STATUS_CPU_EXCEEDED


async def test_no_more_runs_wait_for_their_answer_than_may_run(authority: Authority) -> None:
    """What they have left is held: memory and disk."""
    house = House(
        sandbox=FakeSandbox(status=RunStatus.DISK_EXCEEDED), gate=Gate(running=1, queued=1, rest_s=30)
    )
    async with opened(authority, house) as stub:
        late = asyncio.create_task(execute(stub, messages(house.world), timeout=60))
        await until(lambda: len(house.log.of("run_finished")) == 1)
        at_once = await execute(stub, messages(replace(house.world, approval=signed())), timeout=10)
        late.cancel()

    assert at_once[-1].finished.status == common_pb2.RUN_STATUS_DISK_EXCEEDED


async def test_a_large_input_arrives_whole(authority: Authority) -> None:
    """3 MiB in chunks; the digest is computed from what arrived."""
    inputs = (InputFile.of("big.csv", b"0123456789abcdef" * (3 * MIB // 16)),)
    world = replace(World(), inputs=inputs, approval=signed(good_approval(inputs=digests(inputs))))
    house = House(world=world)
    async with opened(authority, house) as stub:
        await execute(stub, messages(world))

    assert house.sandbox.runs[0].inputs == inputs


async def test_the_header_comes_first(authority: Authority) -> None:
    """INVALID_ARGUMENT/HEADER_MISSING for an empty stream."""
    async with opened(authority, House()) as stub:
        with pytest.raises(ServiceError) as refused:
            await execute(stub, iter(()))

    assert refused.value.reason == "HEADER_MISSING"


async def test_a_request_that_never_ends_is_told_so(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DEADLINE_EXCEEDED/REQUEST_STALLED, and its place is free again."""
    monkeypatch.setattr("executor_svc.receiving.TIMEOUT_S", 0.2)
    house = House(gate=Gate(running=1, queued=0))

    async def unfinished() -> AsyncIterator[pb.ExecuteRequest]:
        for message in messages(house.world):
            yield message
        await asyncio.sleep(30)

    async with opened(authority, house) as stub:
        with pytest.raises(ServiceError) as stalled:
            await execute(stub, unfinished())
        await execute(stub, messages(house.world))

    assert stalled.value.reason == "REQUEST_STALLED"
    assert len(house.sandbox.runs) == 1


async def test_a_second_header_is_refused(authority: Authority) -> None:
    """It could otherwise replace what was already checked."""
    world = World()
    twice = [*messages(world), next(messages(world))]
    house = House()
    async with opened(authority, house) as stub:
        with pytest.raises(ServiceError) as refused:
            await execute(stub, iter(twice))

    assert refused.value.reason == "HEADER_TWICE"
    assert [(r.kind, r.body["reason"]) for r in house.log.records] == [("admission_refused", "HEADER_TWICE")]


async def test_a_slow_reader_slows_the_run_and_fills_no_memory(authority: Authority) -> None:
    """The program's output waits for the caller: flow control reaches the sandbox."""
    house = House(sandbox=FakeSandbox(stdout=b"x" * (64 * MIB)))
    async with opened(authority, house) as stub:
        events = aiter(stub.Execute(messages(house.world)))
        await anext(events)
        await asyncio.sleep(1)
        waiting = not house.log.of("run_finished")
        received = sum([len(event.output.data) async for event in events])

    assert waiting
    assert received == 64 * MIB


@pytest.mark.parametrize("peer", [reviewer_uri("ada"), service_uri("generator")])
async def test_whoever_brings_an_approval_may_run_it(authority: Authority, peer: str) -> None:
    """The approval decides, not the caller; the record says who it was."""
    house = House()
    async with opened(authority, house, peer) as stub:
        await execute(stub, messages(house.world))

    assert house.log.records[0].body["caller"] == peer


async def test_the_audit_service_has_no_business_here(authority: Authority) -> None:
    """No entry in the allow-list is nobody."""
    async with opened(authority, House(), service_uri("audit")) as stub:
        with pytest.raises(ServiceError) as refused:
            await execute(stub, messages(World()))

    assert refused.value.reason == "CALLER_NOT_ALLOWED"


async def test_what_gvisor_adds_is_told_and_recorded(authority: Authority) -> None:
    """The tier that the sandbox reached, in the description, to the caller and in both records."""
    house = House(sandbox=FakeSandbox(tier="T2"))
    async with opened(authority, house) as stub:
        pool = await stub.DescribePool(pb.DescribePoolRequest())
        events = await execute(stub, messages(house.world))

    assert pool.tier == events[0].started.tier == events[-1].finished.tier == common_pb2.TIER_T2
    assert [record.body["tier"] for record in house.log.records] == ["T2", "T2"]


async def test_the_pool_describes_itself(authority: Authority) -> None:
    """Audience, tier, ceiling, isolation and libraries."""
    async with opened(authority, House()) as stub:
        pool = await stub.DescribePool(pb.DescribePoolRequest())

    assert pool.audience == "local"
    assert pool.tier == common_pb2.TIER_T1
    assert pool.ceiling.wall_s == CEILING.wall_s
    assert pool.libraries == ["pandas==0"]
