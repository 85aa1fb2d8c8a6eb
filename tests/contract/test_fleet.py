"""A front and its workers: real processes, real sandboxes, and a front's core here (docs/workers.md §3)."""

from __future__ import annotations

import asyncio
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from executor_svc.sandbox import InputFile
from placet.approval import Limits
from placet.rpc.errors import ServiceError
from tests.fakes.executor import Listener
from tests.fakes.metering import Meter, now
from tests.fakes.workers import Front, Ground, Worker, descendants

LONG = "import time\nprint('on', flush=True)\ntime.sleep(600)"
LIMITS = Limits(600, 20, 256, 64, 8, 8)


@pytest.fixture(scope="module")
def pair(ground: Ground) -> Iterator[tuple[Worker, Worker]]:
    """Two workers, shared by the tests of this module."""
    with ground.workers("left", "right") as (left, right):
        yield left, right


async def until(condition) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_run_on_a_worker_is_a_run(ground: Ground, pair: tuple[Worker, Worker]) -> None:
    """3.1: leased, admitted with the worker's tier, started on record, run, ended on record."""
    given = InputFile.of("given.csv", b"a\n1\n" * 100_000)
    program = "print(len(open('given.csv').read())); open('out.csv', 'w').write('x' * 300_000)"
    listener, meter = Listener(), Meter()
    async with ground.front(*pair) as front:
        finished = await front.run(ground.order(program, [given]), listener=listener)
        await until(lambda: now("placet_executor_workers", "unready") == 0)
        assert sum(now("placet_executor_workers", state) for state in ("free", "leased")) == len(pair)
        assert meter.grown("placet_executor_leases_total", "granted") == 1
        (artifact,) = finished.result.artifacts
        content = artifact.content
        await finished.result.release()

    assert front.log.kinds() == ["run_started", "run_finished"]
    assert front.log.of("run_started")[0].body["tier"] == finished.permit.start.tier != ""
    (first, *rest) = listener.heard
    assert (first[0], {stream for stream, _ in rest}) == ("started", {"stdout"})
    # What is written at once may arrive in two pieces.
    printed = b"".join(data for _, data in rest)
    assert (printed, artifact.name, content) == (b"400000\n", "out.csv", b"x" * 300_000)
    assert finished.result.usage.wall_ms > 0


async def test_tenants_have_workers_of_their_own(ground: Ground, pair: tuple[Worker, Worker]) -> None:
    """3.5 to 3.7: two tenants hold two workers, a third is told to come back; a lost worker takes its own run
    with it and no other (3.3); a cancelled run leaves no process (2.4)."""
    meter = Meter()
    async with ground.front(*pair, wait_s=60) as front:
        lost, other = Listener(), Listener()
        first = asyncio.create_task(front.run(ground.order(LONG, limits=LIMITS), "one", lost))
        second = asyncio.create_task(front.run(ground.order(LONG, limits=LIMITS), "two", other))
        await until(lambda: len(lost.heard) > 1 and len(other.heard) > 1)
        holding = front.holding()
        assert sorted(holding.values()) == ["caller/one", "caller/two"]

        await told_to_come_back(ground, front)

        victim, survivor = sorted(pair, key=lambda worker: holding[worker.address])
        victim.kill()
        with pytest.raises(ServiceError) as error:
            await first
        assert (error.value.code.name, error.value.reason) == ("UNAVAILABLE", "WORKER_LOST")
        assert [record.body["reason"] for record in front.log.of("run_aborted")] == ["WORKER_LOST"]
        assert meter.grown("placet_executor_runs_aborted_total", "WORKER_LOST") == 1
        assert not second.done()

        running = descendants(survivor)
        second.cancel()
        with suppress(asyncio.CancelledError):
            await second
        await front.runner.settle()
        (ended,) = front.log.of("run_finished")
        assert ended.body["status"] == "CANCELLED"
        assert ended.body["usage"]["wall_ms"] > 0
        victim.launch()  # whoever keeps the pods does it
        await victim.life(victim.lives() + 1)
        await survivor.life(2)
        assert running.isdisjoint(descendants(survivor))


async def told_to_come_back(ground: Ground, front: Front) -> None:
    """3.5: an error with a delay, of which nothing is on record."""
    known = len(front.log.records)
    async with ground.front(setting=",".join(front.holding()), wait_s=0.3) as another:
        with pytest.raises(ServiceError) as busy:
            await another.run(ground.order("print(1)"), "three")
    assert (busy.value.code.name, busy.value.reason) == ("RESOURCE_EXHAUSTED", "NO_WORKER_FREE")
    assert busy.value.retry_after_s
    assert another.log.records == []
    assert len(front.log.records) == known


async def test_a_tenant_keeps_its_worker_until_another_waits(
    ground: Ground, pair: tuple[Worker, Worker]
) -> None:
    """3.6 and 3.7: the second run finds the worker of the first; the next tenant gets it, anew."""
    worker = pair[0]
    async with ground.front(worker, idle_s=3600) as front:
        await front.run(ground.order("print(1)"), "one")
        lives = worker.lives()
        await front.run(ground.order("print(2)"), "one")
        assert worker.lives() == lives
        assert front.holding() == {worker.address: "caller/one"}

        await front.run(ground.order("print(3)"), "two")
        assert worker.lives() == lives + 1
        assert front.holding() == {worker.address: "caller/two"}
    assert front.log.kinds() == ["run_started", "run_finished"] * 3


async def test_a_front_without_workers_runs_nothing(ground: Ground) -> None:
    """3.5: UNAVAILABLE, and nothing is spent."""
    async with ground.front(setting="127.0.0.1:9", wait_s=0.3) as front:
        with pytest.raises(ServiceError) as error:
            await front.run(ground.order("print(1)"))

    assert (error.value.code.name, error.value.reason) == ("UNAVAILABLE", "NO_WORKER")
    assert (front.fleet.tier, front.log.records) == ("", [])


async def test_workers_are_found_in_a_file_that_changes(
    ground: Ground, pair: tuple[Worker, Worker], tmp_path: Path
) -> None:
    """3.9: none, then one; an address that is gone gets no new lease."""
    addresses = tmp_path / "addresses"
    async with ground.front(setting=f"file:{addresses}", idle_s=3600) as front:
        addresses.write_text(f"{pair[1].address}\n")
        finished = await front.run(ground.order("print(1)"), "one")
        addresses.write_text(f"{pair[0].address}\n")
        await until(lambda: front.fleet.addresses == {pair[0].address})
        await front.run(ground.order("print(2)"), "two")
        assert front.holding()[pair[0].address] == "caller/two"
    assert finished.result.status.value == "EXITED"


async def test_workers_are_replaced_under_load_and_no_run_is_lost_or_doubled(
    ground: Ground, pair: tuple[Worker, Worker]
) -> None:
    """1.7, 3.2: each is told to end and is started anew, while two tenants never stop asking."""
    asked: list[int] = []
    stopping = asyncio.Event()
    async with ground.front(*pair, idle_s=3600) as front:

        async def calls(tenant: str) -> None:
            while not stopping.is_set():
                asked.append(number := len(asked))
                listener = Listener()
                program = f"import time; time.sleep(0.2); print({number})"
                await front.run(ground.order(program), tenant, listener)
                printed = b"".join(data for stream, data in listener.heard if stream == "stdout")
                assert int(printed) == number

        async with asyncio.TaskGroup() as callers:
            for name in ("one", "two"):
                callers.create_task(calls(name))
            for worker in pair:
                await more(asked)
                lives = worker.lives()
                worker.kill(signal.SIGTERM)
                assert await worker.ended() == 0
                worker.launch()
                await worker.life(lives + 1)
            await more(asked)
            stopping.set()

    assert Counter(front.log.kinds()) == {"run_started": len(asked), "run_finished": len(asked)}
    assert {record.body["status"] for record in front.log.of("run_finished")} == {"EXITED"}


async def more(asked: list[int]) -> None:
    """Until so many were asked for that each tenant has had an answer meanwhile."""
    before = len(asked)
    await until(lambda: len(asked) >= before + 4)
