"""A worker, as a process, under the hands of a front (docs/workers.md §1 and §2; the numbers are its)."""

from __future__ import annotations

import asyncio
import signal
from typing import Any

import grpc
import pytest
from placetpb.common.v1 import common_pb2
from placetpb.worker.v1 import worker_pb2 as pb

from executor_svc.sandbox import InputFile
from placet.rpc.errors import ServiceError
from tests.fakes.workers import Ground, Worker, leased, requests, run


async def test_two_runs_of_one_lease_the_second_cancelled(ground: Ground, worker: Worker) -> None:
    """2.3: the order is begun, output, left, artifacts, ended. 2.4: `cancel` is answered with what was used.
    1.5: after the lease comes a new process."""
    lives = worker.lives()
    given = InputFile.of("given.csv", b"a\n1\n" * 100_000)
    program = "print(len(open('given.csv').read())); open('out.csv', 'w').write('x' * 300_000)"
    async with worker.as_peer() as stub, leased(stub) as hold:
        ran = await run(stub, hold.granted.lease_id, ground.order(program, [given]))
        cancelled = await run_and_cancel(stub, hold.granted.lease_id, ground)
    await worker.life(lives + 1)

    assert ran.stdout == b"400000\n"
    assert list(dict.fromkeys(ran.kinds)) == ["begun", "output", "left", "artifact", "ended"]
    assert ran.ended.usage.wall_ms > 0
    assert cancelled.status == common_pb2.RUN_STATUS_CANCELLED
    assert cancelled.usage.wall_ms > 0
    assert list(worker.scratch.iterdir()) == []


async def run_and_cancel(stub: Any, lease_id: bytes, ground: Ground) -> pb.RunEnded:
    """How a program ended that would never end."""
    call = stub.Run()
    for request in requests(ground.order("print('on', flush=True)\nwhile True: pass"), lease_id):
        await call.write(request)
    assert [(await call.read()).WhichOneof("event") for _ in range(2)] == ["begun", "output"]
    await call.write(pb.RunRequest(cancel=pb.CancelRun()))
    while (left := await call.read()).WhichOneof("event") == "output":
        continue  # a line may come in two
    ended = await call.read()
    assert [message.WhichOneof("event") for message in (left, ended)] == ["left", "ended"]
    return ended.ended


async def test_a_lease_that_ran_nothing_costs_nothing(worker: Worker) -> None:
    """1.5: the same life serves the next one at once."""
    lives = worker.lives()
    async with worker.as_peer() as stub:
        for tenant in ("one", "another"):
            async with leased(stub, tenant) as hold:
                assert len(hold.granted.lease_id) == 16
            async with asyncio.timeout(10):
                while (await stub.DescribeWorker(pb.DescribeWorkerRequest())).leased:
                    await asyncio.sleep(0.01)

    assert worker.lives() == lives


async def test_after_its_runs_it_exits_to_be_replaced(ground: Ground) -> None:
    """1.7: the second run is the last; it ends as any other, and so does the process."""
    with ground.workers("short", replace_after_runs=2) as (worker,):
        async with worker.as_peer() as stub, leased(stub) as hold:
            first = await run(stub, hold.granted.lease_id, ground.order("print(1)"))
            last = await run(stub, hold.granted.lease_id, ground.order("print(2)"))
            reason = await hold.ending()
            code = await worker.ended()

    assert (first.stdout, last.stdout, reason, code) == (b"1\n", b"2\n", "RUNS_USED", 0)


async def test_told_to_stop_it_lets_its_run_end(ground: Ground) -> None:
    """1.7: SIGTERM takes no new run; the one that goes on is answered."""
    with ground.workers("stopping", drain_s=30) as (worker,):
        async with worker.as_peer() as stub, leased(stub) as hold:
            call = stub.Run()
            order = ground.order("import time\nprint('on', flush=True)\ntime.sleep(0.5)\nprint('end')")
            for request in requests(order, hold.granted.lease_id):
                await call.write(request)
            await call.read()
            await call.read()
            worker.kill(signal.SIGTERM)
            reason = await hold.ending()
            with pytest.raises(ServiceError) as refused:
                await run(stub, hold.granted.lease_id, ground.order("print('late')"))
            rest = []
            while (message := await call.read()) is not grpc.aio.EOF:
                rest.append(message.WhichOneof("event"))
            code = await worker.ended()

    assert (reason, refused.value.code.name, code) == ("DRAINING", "UNAVAILABLE", 0)
    # What a program writes may come in pieces.
    assert list(dict.fromkeys(rest)) == ["output", "left", "ended"]


async def test_told_to_stop_while_it_begins_anew_it_stops(ground: Ground) -> None:
    """1.7: a SIGTERM that comes between two lives is not lost with the first."""
    with ground.workers("between") as (worker,):
        async with worker.as_peer() as stub, leased(stub) as hold:
            await run(stub, hold.granted.lease_id, ground.order("print(1)"))
        async with asyncio.timeout(30):
            while worker.serves:
                await asyncio.sleep(0.001)
        worker.kill(signal.SIGTERM)
        code = await worker.ended()

    assert code in {0, -signal.SIGTERM}  # the latter between two handlers; process 1 has it wait for the next
    assert worker.lives() == 1
