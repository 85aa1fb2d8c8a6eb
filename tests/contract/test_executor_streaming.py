"""What a program writes, over real gRPC from a real sandbox: while it runs, in order, bounded, unchanged.

And how a caller goes away: each way kills the run with all its processes and leaves its end on record.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from statistics import median
from typing import Any

import grpc
import pytest
from placetpb.common.v1 import common_pb2
from placetpb.executor.v1 import executor_pb2 as pb
from placetpb.executor.v1.executor_pb2_grpc import ExecutorServiceStub

from executor_svc import run
from executor_svc.__main__ import ALLOW
from executor_svc.admission import Pool
from executor_svc.gate import Gate
from executor_svc.sandbox import Sandbox
from placet.approval import Limits
from tests.conformance.sandbox_kit import descendants, eventually, sandbox_fixture
from tests.contract.test_executor import TEAM, House, execute, messages, opened
from tests.fakes.approvals import World, good_approval, signed
from tests.fakes.memory_log import MemoryRecord
from tests.fakes.rpc import Authority, Serving, serving

sandbox = sandbox_fixture()
pytestmark = pytest.mark.asyncio(loop_scope="module")

MIB = 1 << 20
LIMITS = Limits(wall_s=30, cpu_s=20, memory_mib=256, output_kib=1024, artifacts=4, artifact_mib=4)


def house(sandbox: Sandbox, program: str, **limits: int) -> House:
    """An executor on that sandbox, and a program approved for it."""
    source, bounds = program.encode(), replace(LIMITS, **limits)
    approval = good_approval(
        program_sha256=hashlib.sha256(source).digest(), inputs=(), limits=bounds, min_tier="T0"
    )
    world = World(
        program=source, inputs=(), approval=signed(approval), pool=Pool("local", bounds, sandbox.tier)
    )
    return House(world=world, sandbox=sandbox)  # type: ignore[arg-type]


def written(events: Iterable[pb.ExecuteResponse]) -> tuple[bytes, bytes]:
    """Both streams, each in its order."""
    streams = {common_pb2.OUTPUT_STREAM_STDOUT: bytearray(), common_pb2.OUTPUT_STREAM_STDERR: bytearray()}
    for event in events:
        if event.WhichOneof("event") == "output":
            streams[event.output.stream] += event.output.data
    return bytes(streams[common_pb2.OUTPUT_STREAM_STDOUT]), bytes(streams[common_pb2.OUTPUT_STREAM_STDERR])


async def test_output_arrives_while_the_program_runs(authority: Authority, sandbox: Sandbox) -> None:
    """Each line tells when it was written, by the clock that we have in common."""
    program = "import time\nfor _ in range(40):\n    print(time.monotonic())\n    time.sleep(0.02)"
    here, late = house(sandbox, program), []
    async with opened(authority, here) as stub:
        async for event in stub.Execute(messages(here.world)):
            if event.WhichOneof("event") == "output" and (text := event.output.data.strip()):
                late.append(time.monotonic() - float(text.split()[0]))
    assert len(late) >= 30
    assert median(late) < 0.05


async def test_a_stream_keeps_its_order(authority: Authority, sandbox: Sandbox) -> None:
    program = """
import sys
for number in range(5000):
    print(number)
    if number % 5 == 0: print(-number, file=sys.stderr)
"""
    here = house(sandbox, program)
    async with opened(authority, here) as stub:
        stdout, stderr = written(await execute(stub, messages(here.world)))
    assert stdout.decode().split() == [str(number) for number in range(5000)]
    assert stderr.decode().split() == [str(-number) for number in range(0, 5000, 5)]


async def test_a_slow_reader_slows_the_program(authority: Authority, sandbox: Sandbox) -> None:
    program = """
import os, sys, time
began = time.monotonic()
for _ in range(128): os.write(1, bytes(65536))
print(time.monotonic() - began, file=sys.stderr)
"""
    here = house(sandbox, program, output_kib=8192)
    async with opened(authority, here) as stub:
        events = aiter(stub.Execute(messages(here.world)))
        await anext(events)
        await asyncio.sleep(1.5)
        rest = [event async for event in events]
    stdout, stderr = written(rest)
    assert len(stdout) == 8 * MIB
    assert float(stderr) > 1
    assert rest[-1].finished.status == common_pb2.RUN_STATUS_EXITED


async def test_a_reader_that_stops_is_waited_for_so_long(
    authority: Authority, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """docs/workers.md 3.10: then the run is over, and its place another's, though the call is still open."""
    monkeypatch.setattr(run, "AROUND_S", 0.2)
    program = "import os\nfor _ in range(128): os.write(1, bytes(65536))"
    here = house(sandbox, program, output_kib=8192, wall_s=1)
    async with opened(authority, here) as stub:
        call = stub.Execute(messages(here.world))
        assert await anext(aiter(call))
        ended = await _ended(here)
        assert not call.done()
    assert ended.body["status"] == "CANCELLED"
    assert ended.body["usage"]["stdout_bytes"] < 8 * MIB


async def test_a_line_of_a_gibibyte_is_cut_and_marked(authority: Authority, sandbox: Sandbox) -> None:
    program = "import os\nblock = b'x' * (1 << 20)\nfor _ in range(1024): os.write(1, block)"
    here = house(sandbox, program)
    tracemalloc.start()
    async with opened(authority, here) as stub:
        events = await execute(stub, messages(here.world))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    finished, record = events[-1].finished, here.log.of("run_finished")[0]
    assert finished.status == common_pb2.RUN_STATUS_OUTPUT_EXCEEDED
    assert (finished.stdout_truncated, finished.stderr_truncated) == (True, False)
    assert finished.usage.stdout_bytes == MIB
    assert written(events) == (b"x" * MIB, b"")
    assert record.bodies == {"stdout": b"x" * MIB}
    assert (record.body["stdout_truncated"], record.body["stderr_truncated"]) == (True, False)
    assert peak < 16 * MIB


async def test_each_stream_is_marked_for_itself(authority: Authority, sandbox: Sandbox) -> None:
    program = "import sys\nprint('whole')\nsys.stdout.flush()\nwhile True: sys.stderr.write('y' * 1000)"
    here = house(sandbox, program, output_kib=4)
    async with opened(authority, here) as stub:
        events = await execute(stub, messages(here.world))
    finished = events[-1].finished
    assert (finished.stdout_truncated, finished.stderr_truncated) == (False, True)
    stdout, stderr = written(events)
    assert (stdout, len(stderr)) == (b"whole\n", 4096)


HOSTILE = {
    "every byte": (bytes(range(256)), 20),
    "nul": (b"\0", 5000),
    "no text in any encoding": (b"\xff\xfe\xc3\x28\xed\xa0\x80\xf8\x88\x80\x80\x80", 100),
    "half a character": ("ż".encode()[:1], 1),
    "orders to a terminal": (b"\x1b[2J\x1b]0;mine\x07\x1bP+q\x1b\\\x9b31m\r\x08\x7f", 1),
    "a line without an end": (b"a", 500_000),
}


@pytest.mark.parametrize(("unit", "times"), HOSTILE.values(), ids=HOSTILE.keys())
async def test_bytes_arrive_and_are_recorded_as_they_were_written(
    authority: Authority, sandbox: Sandbox, unit: bytes, times: int
) -> None:
    program = f"""
import os
data = {unit!r} * {times}
os.write(2, data[:4000])
while data: data = data[os.write(1, data):]
"""
    here, content = house(sandbox, program), unit * times
    async with opened(authority, here) as stub:
        events = await execute(stub, messages(here.world))
    record = here.log.of("run_finished")[0]
    assert written(events) == (content, content[:4000])
    assert record.bodies == {"stdout": content, "stderr": content[:4000]}
    assert record.body["stdout_sha256"] == hashlib.sha256(content).hexdigest()
    assert events[-1].finished.usage.stdout_bytes == len(content)


BUSY = """
import threading, time
x = bytearray(b"x") * (20 << 20)
for _ in range(3): threading.Thread(target=time.sleep, args=(60,)).start()
while time.process_time() < 0.2: pass
time.sleep(0.1)
print("up", end="")
time.sleep(60)
"""


async def _ended(here: House) -> MemoryRecord:
    """The one end of the run on record."""
    assert await eventually(lambda: here.log.of("run_finished"))
    assert here.log.kinds() == ["run_started", "run_finished"]
    return here.log.of("run_finished")[0]


async def _running(call: Any) -> set[int]:
    """Every process below us once the program has written."""
    async for event in call:
        if event.WhichOneof("event") == "output":
            return descendants(os.getpid())
    raise AssertionError("the program wrote nothing")


async def _cancel(server: Serving, here: House) -> set[int]:
    async with server.as_peer(TEAM) as channel:
        call = ExecutorServiceStub(channel).Execute(messages(here.world))
        running = await _running(call)
        call.cancel()
        return running


async def _close_the_connection(server: Serving, here: House) -> set[int]:
    async with server.as_peer(TEAM) as channel:
        return await _running(ExecutorServiceStub(channel).Execute(messages(here.world)))


async def _reach_the_deadline(server: Serving, here: House) -> set[int]:
    async with server.as_peer(TEAM) as channel:
        call = ExecutorServiceStub(channel).Execute(messages(here.world), timeout=3)
        running = await _running(call)
        assert await call.code() == grpc.StatusCode.DEADLINE_EXCEEDED
        return running


def _says_all_it_used(record: MemoryRecord) -> None:
    usage = record.body["usage"]
    assert isinstance(usage, dict)
    assert record.body["status"] == "CANCELLED"
    assert record.bodies == {"stdout": b"up"}
    assert (usage["stdout_bytes"], usage["stderr_bytes"], usage["max_threads"]) == (2, 0, 4)
    assert usage["wall_ms"] >= 200
    assert usage["cpu_ms"] >= 150  # it burns 200, of which a little went into its arming
    assert usage["max_memory_bytes"] > 20 * MIB
    assert "exit_code" not in record.body
    assert "signal" not in record.body


@pytest.mark.parametrize("leave", [_cancel, _close_the_connection, _reach_the_deadline])
async def test_a_caller_that_goes_away_ends_the_run_with_all_its_processes(
    authority: Authority, sandbox: Sandbox, leave: Callable[[Serving, House], Awaitable[set[int]]]
) -> None:
    here = house(sandbox, BUSY)
    async with serving(authority, "executor", register=here.register, allow=ALLOW) as server:
        running = await leave(server, here)
        record = await _ended(here)
        left = running & descendants(os.getpid())
    _says_all_it_used(record)
    per_cell = 2 if sandbox.tier == "T1" else 1
    assert len(left) == len(running) - per_cell


async def test_runs_of_callers_that_left_hold_no_place(authority: Authority, sandbox: Sandbox) -> None:
    gate = Gate(running=1, queued=0)
    for _ in range(3):
        here = house(sandbox, BUSY)
        here.gate = gate
        async with serving(authority, "executor", register=here.register, allow=ALLOW) as server:
            await _cancel(server, here)
            await _ended(here)
    here = house(sandbox, "print(1)")
    here.gate = gate
    async with opened(authority, here) as stub:
        assert written(await execute(stub, messages(here.world))) == (b"1\n", b"")
