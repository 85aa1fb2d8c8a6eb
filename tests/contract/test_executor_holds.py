"""What the executor holds of a request, over real gRPC: on disk, in constant memory, only during the call."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import os
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import grpc
import pytest
from placetpb.common.v1 import common_pb2
from placetpb.executor.v1 import executor_pb2 as pb

from executor_svc.inputs import MAX_TOTAL_BYTES
from executor_svc.sandbox import InputFile, RunArtifact, RunLimits, RunResult
from executor_svc.sandbox.spool import Held, Spool
from executor_svc.sandbox.types import OnOutput
from placet.approval import InputDigest
from placet.rpc.errors import ServiceError
from tests.contract.test_executor import CHUNK, MIB, House, execute, messages, opened, until
from tests.fakes.approvals import World, good_approval, signed
from tests.fakes.fake_sandbox import FakeSandbox
from tests.fakes.memory_log import MemoryLog
from tests.fakes.open_files import files_of_at_most, forget, nameless_files
from tests.fakes.rpc import Authority

CONSTANT = 64 * MIB
"""What may be under way: the windows of gRPC at both ends of a connection, both of which are this process."""


@dataclass
class ReadingSandbox(FakeSandbox):
    """A fake that takes note of what its inputs hold while it runs."""

    found: dict[str, bytes] = field(default_factory=dict)

    async def run(
        self,
        program: bytes,
        inputs: Sequence[InputFile],
        limits: RunLimits,
        on_output: OnOutput,
        **more: object,
    ) -> RunResult:
        for given in inputs:
            digest = hashlib.sha256()
            async for chunk in given.held.stream():
                digest.update(chunk)
            self.found[given.name] = digest.digest()
        return await super().run(program, inputs, limits, on_output, **more)


def content(size: int) -> Iterator[bytes]:
    """Bytes in chunks that all differ, made when they are asked for."""
    for number in range(size // CHUNK):
        yield number.to_bytes(8, "big") * (CHUNK // 8)


def digest_of(chunks: Iterator[bytes]) -> bytes:
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    return digest.digest()


@dataclass(frozen=True)
class Upload:
    """A request with inputs `a` and `b`, half of `size` each, that nobody ever has in memory."""

    size: int
    digest: bytes = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", digest_of(content(self.size // 2)))

    @property
    def world(self) -> World:
        inputs = tuple(InputDigest(name, self.digest, self.size // 2) for name in "ab")
        return replace(World(), inputs=(), approval=signed(good_approval(inputs=inputs)))

    def messages(self, world: World, digest: bytes = b"") -> Iterator[pb.ExecuteRequest]:
        refs = [
            common_pb2.InputRef(name=name, sha256=digest or self.digest, size=self.size // 2) for name in "ab"
        ]
        yield pb.ExecuteRequest(
            header=pb.ExecuteHeader(program=world.program, approval=world.approval, inputs=refs)
        )
        for data in content(self.size // 2):
            for name in "ab":
                yield pb.ExecuteRequest(chunk=common_pb2.InputChunk(name=name, data=data))


@contextmanager
def growth() -> Iterator[list[int]]:
    """By how many bytes this process's resident memory was larger than at the beginning, again and again."""
    page, seen, over = os.sysconf("SC_PAGE_SIZE"), [0], threading.Event()

    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * page

    def watch() -> None:
        while not over.wait(0.005):
            seen.append(resident() - before)

    before = resident()
    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield seen
    finally:
        over.set()
        watching.join()


def large_artifact(size: int) -> RunArtifact:
    spool = Spool(size)
    for number, data in enumerate(content(size)):
        spool.write(number * CHUNK, data)
    return RunArtifact("big.bin", digest_of(content(size)), "application/octet-stream", Held(spool, 0, size))


@pytest.fixture(autouse=True)
def _nothing_is_collected_meanwhile() -> Iterator[None]:
    """What is let go of is let go of by our code, and not by chance."""
    forget()
    gc.disable()
    yield
    gc.enable()


async def test_as_many_inputs_as_are_taken_arrive_in_constant_memory(authority: Authority) -> None:
    upload, sandbox = Upload(MAX_TOTAL_BYTES), ReadingSandbox()
    house = House(world=upload.world, sandbox=sandbox)
    async with opened(authority, house) as stub:
        with growth() as seen:
            events = await execute(stub, upload.messages(house.world))

    assert events[-1].finished.status == common_pb2.RUN_STATUS_EXITED
    assert sandbox.found == {"a": upload.digest, "b": upload.digest}
    assert max(seen) < CONSTANT
    assert len(seen) > 10


async def test_a_large_artifact_leaves_in_constant_memory(authority: Authority) -> None:
    """However slowly its reader takes it."""
    size = MAX_TOTAL_BYTES
    artifact = large_artifact(size)
    house = House(sandbox=FakeSandbox(artifacts=(artifact,)))
    received, digest = 0, hashlib.sha256()
    async with opened(authority, house) as stub:
        with growth() as seen:
            async for event in stub.Execute(messages(house.world)):
                if event.WhichOneof("event") == "artifact":
                    received += len(event.artifact.data)
                    digest.update(event.artifact.data)
                    await asyncio.sleep(0.0005)

        await until(lambda: not nameless_files())

    assert (received, digest.digest()) == (size, artifact.sha256)
    assert max(seen) < CONSTANT


ENDS = ["ran", "refused", "cut short", "changed", "stalled", "out of order", "sandbox broke", "log broke"]


@pytest.mark.parametrize("how", ENDS)
async def test_however_a_request_ends_nothing_of_it_is_held(
    authority: Authority, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("executor_svc.receiving.TIMEOUT_S", 0.5 if how == "stalled" else 60)
    upload = Upload(4 * MIB)
    house = House(world=upload.world, sandbox=ReadingSandbox())
    if how == "sandbox broke":
        house.sandbox.break_down()
    if how == "log broke":
        house = House(world=upload.world, log=MemoryLog(fail_on="run_finished"))
    world = replace(house.world, approval=signed()) if how == "refused" else house.world
    requests = list(upload.messages(world, digest=bytes(32) if how == "changed" else b""))
    held_meanwhile: list[int] = []

    async def sent() -> AsyncIterator[pb.ExecuteRequest]:
        for number, request in enumerate(requests[:8] if how == "cut short" else requests):
            yield request
            if number == 5:
                await until(nameless_files)
                held_meanwhile.append(len(nameless_files()))
                if how == "stalled":
                    await asyncio.sleep(30)
                if how == "out of order":
                    yield requests[0]

    async with opened(authority, house) as stub:
        if how == "ran":
            await execute(stub, sent())
        else:
            with pytest.raises(ServiceError):
                await execute(stub, sent())
        await until(lambda: not nameless_files())

    assert held_meanwhile == [1]


async def test_a_caller_that_leaves_while_it_sends_leaves_nothing(authority: Authority) -> None:
    upload = Upload(4 * MIB)
    house = House(world=upload.world, sandbox=ReadingSandbox())
    requests = list(upload.messages(house.world))

    async def sent() -> AsyncIterator[pb.ExecuteRequest]:
        for request in requests[:6]:
            yield request
        await asyncio.sleep(30)

    async with opened(authority, house) as stub:
        call = stub.Execute(sent())
        await until(nameless_files)
        call.cancel()
        await until(lambda: not nameless_files())

    assert not house.log.of("run_started")


async def test_a_caller_that_leaves_while_it_is_sent_an_artifact_leaves_nothing(authority: Authority) -> None:
    house = House(sandbox=FakeSandbox(artifacts=(large_artifact(64 * MIB),)))
    async with opened(authority, house) as stub:
        call = stub.Execute(messages(house.world))
        async for event in call:
            if event.WhichOneof("event") == "artifact":
                break
        assert nameless_files()
        call.cancel()
        await until(lambda: not nameless_files())

    assert house.log.kinds() == ["run_started", "run_finished"]


@pytest.mark.parametrize("chunks_before", [0, 5], ids=["at the header", "under way"])
async def test_without_room_for_the_inputs_nothing_is_spent(authority: Authority, chunks_before: int) -> None:
    """RESOURCE_EXHAUSTED/INPUT_NO_ROOM with a delay, and the same approval runs once there is room."""
    upload = Upload(4 * MIB)
    house = House(world=upload.world, sandbox=ReadingSandbox())
    with ExitStack() as full_disk:

        async def sent() -> AsyncIterator[pb.ExecuteRequest]:
            for number, request in enumerate(upload.messages(house.world)):
                if number == chunks_before:
                    full_disk.enter_context(files_of_at_most(MIB))
                yield request

        async with opened(authority, house) as stub:
            with pytest.raises(ServiceError) as refused:
                await execute(stub, sent())
            full_disk.close()
            kinds = house.log.kinds()
            await until(lambda: not nameless_files())
            await execute(stub, upload.messages(house.world))

    assert (refused.value.reason, refused.value.code) == (
        "INPUT_NO_ROOM",
        grpc.StatusCode.RESOURCE_EXHAUSTED,
    )
    assert refused.value.retry_after_s
    assert kinds == ["admission_refused"]
    assert len(house.sandbox.runs) == 1
