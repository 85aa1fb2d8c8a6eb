"""A front among workers that break or lie: what is tried elsewhere, and what is believed (§3.2 to §3.8)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from placetpb.worker.v1 import worker_pb2 as pb

from executor_svc.sandbox import InputFile
from placet.approval import Limits
from placet.rpc.errors import ServiceError
from tests.fakes.executor import Listener
from tests.fakes.odd_workers import (
    BEGUN,
    ENDED,
    GOOD,
    NOTHING,
    UNAVAILABLE,
    USAGE,
    Behaviour,
    Odd,
    house,
    left,
    output,
    says,
    sent,
)
from tests.fakes.workers import Front, Ground

LIMITS = Limits(wall_s=30, cpu_s=20, memory_mib=512, output_kib=1, artifacts=1, artifact_mib=1)
QUARTER = 256 * 1024
"""Of what the limits allow."""


async def failed(front: Front, ground: Ground, **changes: Any) -> str:
    """How a run fails: its error's reason / the reason on record."""
    with pytest.raises(ServiceError) as error:
        await front.run(ground.order("print(1)", limits=LIMITS, **changes))
    (aborted,) = front.log.of("run_aborted")
    assert front.log.kinds() == ["run_started", "run_aborted"]
    return f"{error.value.reason} / {aborted.body['reason']}"


async def test_what_never_began_is_tried_elsewhere(ground: Ground) -> None:
    """3.2: one start, one end, whatever broke before."""
    broken, good = Odd(says(then=UNAVAILABLE)), Odd(GOOD)
    async with house(ground, broken, good) as front:
        for _ in range(4):
            listener = Listener()
            await front.run(ground.order("print(1)", limits=LIMITS), listener=listener)
            assert listener.heard[1:] == [("stdout", b"good\n")]

    assert good.runs == 4
    assert front.log.kinds() == ["run_started", "run_finished"] * 4


async def test_three_attempts_are_enough(ground: Ground) -> None:
    """3.2: then the run is lost, and says so."""
    workers = [Odd(says(then=UNAVAILABLE)) for _ in range(5)]
    async with house(ground, *workers) as front:
        assert await failed(front, ground) == "WORKER_LOST / WORKER_LOST"

    assert sum(worker.runs for worker in workers) == 3


async def test_the_tier_on_record_is_the_tier_of_the_run(ground: Ground) -> None:
    """3.2: another worker of another tier is none."""
    workers = [Odd(says(then=UNAVAILABLE), tier=tier) for tier in ("TIER_T1", "TIER_T0")]
    async with house(ground, *workers) as front:
        assert await failed(front, ground) == "WORKER_LOST / WORKER_LOST"

    assert sum(worker.runs for worker in workers) == 1


async def test_what_has_begun_is_not_run_again(ground: Ground) -> None:
    """3.3: though another worker is free."""
    workers = [Odd(says(BEGUN, then=UNAVAILABLE)) for _ in range(2)]
    async with house(ground, *workers) as front:
        assert await failed(front, ground) == "WORKER_LOST / WORKER_LOST"

    assert sum(worker.runs for worker in workers) == 1


async def test_a_worker_s_refusal_reaches_the_caller(ground: Ground) -> None:
    """3.4: with the worker's reason, and no other worker is asked."""
    revoked = ServiceError(grpc.StatusCode.PERMISSION_DENIED, "APPROVAL_KEY_REVOKED", "told to")
    workers = [Odd(says(then=revoked)) for _ in range(2)]
    async with house(ground, *workers) as front:
        assert await failed(front, ground) == "APPROVAL_KEY_REVOKED / WORKER_REFUSED"

    assert sum(worker.runs for worker in workers) == 1


async def test_a_worker_that_refused_takes_no_more_runs(ground: Ground) -> None:
    """3.4: what it knows is older or newer than what the front knows; it is given back at once."""
    revoked = ServiceError(grpc.StatusCode.PERMISSION_DENIED, "APPROVAL_KEY_REVOKED", "told to")
    async with house(ground, Odd(says(then=revoked)), idle_s=3600) as front:
        await failed(front, ground)
        await until(lambda: not front.holding())


def behind(reason: str) -> Behaviour:
    """A worker whose files or clock are not the front's yet."""
    return says(then=ServiceError(grpc.StatusCode.PERMISSION_DENIED, reason, "told to"))


async def test_a_worker_that_is_behind_has_not_begun(ground: Ground) -> None:
    """3.4: a new scope or key, or a clock that differs, costs an attempt on another worker and no denial."""
    reasons = ("SCOPE_UNKNOWN", "KEY_UNKNOWN", "NOT_YET_VALID", "EXPIRED")
    for reason in reasons:
        stale, good = Odd(behind(f"APPROVAL_{reason}")), Odd(GOOD)
        async with house(ground, stale, good) as front:
            while not stale.runs:
                await front.run(ground.order("print(1)", limits=LIMITS))
        assert good.runs
        assert set(front.log.kinds()) == {"run_started", "run_finished"}


async def test_workers_that_are_all_behind_deny_nothing(ground: Ground) -> None:
    """3.4: the caller is told to try again, though the approval is spent."""
    workers = [Odd(behind("APPROVAL_SCOPE_UNKNOWN")) for _ in range(4)]
    async with house(ground, *workers) as front:
        assert await failed(front, ground) == "WORKER_LOST / WORKER_LOST"

    assert sum(worker.runs for worker in workers) == 3


async def test_a_worker_s_sandbox_that_fails_is_a_sandbox_that_fails(ground: Ground) -> None:
    failing = ServiceError(grpc.StatusCode.UNAVAILABLE, "SANDBOX_UNAVAILABLE", "told to")
    async with house(ground, Odd(says(BEGUN, then=failing))) as front:
        assert await failed(front, ground) == "SANDBOX_UNAVAILABLE / SANDBOX_UNAVAILABLE"


async def test_what_a_worker_s_run_used_before_its_sandbox_failed_is_on_record(ground: Ground) -> None:
    """docs/quotas.md 1: so that it counts; of a run that has not begun nothing is believed."""
    failing = ServiceError(grpc.StatusCode.UNAVAILABLE, "SANDBOX_UNAVAILABLE", "told to")
    used = pb.RunResponse(failed=pb.RunFailed(usage=USAGE))
    async with house(ground, Odd(says(BEGUN, used, then=failing))) as front:
        assert await failed(front, ground) == "SANDBOX_UNAVAILABLE / SANDBOX_UNAVAILABLE"
        assert front.log.of("run_aborted")[0].body["usage"]["cpu_ms"] == USAGE.cpu_ms
    async with house(ground, Odd(says(used, then=failing))) as front:
        await failed(front, ground)
        assert "usage" not in front.log.of("run_aborted")[0].body


@pytest.mark.parametrize(
    "events",
    {
        "more output than approved": [BEGUN, output(b"x" * 1025), NOTHING, ENDED],
        "output of no stream": [BEGUN, output(b"x", 7), NOTHING, ENDED],
        "output before the beginning": [output(b"x"), BEGUN, NOTHING, ENDED],
        "output after the end": [BEGUN, NOTHING, output(b"x"), ENDED],
        "too many files": [BEGUN, left(("a", b"1"), ("b", b"2")), sent("a", b"1"), sent("b", b"2"), ENDED],
        "too many bytes": [BEGUN, left(("a", bytes(5 * QUARTER))), *[sent("a", bytes(QUARTER))] * 5, ENDED],
        "a file that was not announced": [BEGUN, left(("a", b"1")), sent("b", b"1"), ENDED],
        "a file longer than announced": [BEGUN, left(("a", b"1")), sent("a", b"12"), ENDED],
        "a file shorter than announced": [BEGUN, left(("a", b"12")), sent("a", b"1"), ENDED],
        "another file than announced": [BEGUN, left(("a", b"1")), sent("a", b"2"), ENDED],
        "a path": [BEGUN, left(("../a", b"1")), sent("../a", b"1"), ENDED],
        "files announced twice": [BEGUN, NOTHING, left(("a", b"1")), sent("a", b"1"), ENDED],
        "nothing of what was left": [BEGUN, ENDED],
        "no end that we know": [BEGUN, NOTHING, pb.RunResponse(ended=pb.RunEnded(status=77))],
        "no end at all": [BEGUN, NOTHING],
    }.items(),
    ids=lambda case: case[0],
)
async def test_a_worker_is_not_believed_beyond_the_approval(
    ground: Ground, events: tuple[str, list[pb.RunResponse]]
) -> None:
    """3.8: the run is aborted as a failure of ours; nothing that was said of it is on record."""
    async with house(ground, Odd(says(*events[1]))) as front:
        told = await failed(front, ground)

    assert told in {"SANDBOX_UNAVAILABLE / SANDBOX_UNAVAILABLE", "WORKER_LOST / WORKER_LOST"}


async def test_digests_and_types_of_artifacts_are_the_front_s(ground: Ground) -> None:
    """3.8: what the worker says of a type is not looked at."""
    odd = left(("a.png", b"1"))
    odd.left.artifacts[0].media_type = "text/html"
    async with house(ground, Odd(says(BEGUN, odd, sent("a.png", b"1"), ENDED))) as front:
        finished = await front.run(ground.order("print(1)", limits=LIMITS))
        (artifact,) = finished.result.artifacts
        assert (artifact.content, artifact.media_type) == (b"1", "image/png")
        assert artifact.sha256 == InputFile.of("a.png", b"1").sha256
        await finished.result.release()


async def test_a_caller_that_leaves_ends_the_run_and_its_usage_is_kept(ground: Ground) -> None:
    """2.4: the worker hears `cancel`, and what it answers is on record."""

    async def behave(odd: Odd, requests: Any, context: Any) -> None:
        await anext(requests)
        await context.write(BEGUN)
        await context.write(output(b"on\n"))
        async for message in requests:
            odd.cancelled += message.WhichOneof("message") == "cancel"
            break
        await context.write(NOTHING)
        await context.write(pb.RunResponse(ended=pb.RunEnded(status="RUN_STATUS_CANCELLED", usage=USAGE)))

    worker, listener = Odd(behave), Listener()
    async with house(ground, worker) as front:
        running = asyncio.create_task(front.run(ground.order("print(1)", limits=LIMITS), listener=listener))
        async with asyncio.timeout(10):
            while len(listener.heard) < 2:
                await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.wait([running])
        await front.runner.settle()
        deaf = Listener(deaf=True)
        with pytest.raises(Exception, match="told to"):
            await front.run(ground.order("print(1)", limits=LIMITS), listener=deaf)
        await front.runner.settle()

    assert running.cancelled()
    assert worker.cancelled == 2
    ends = front.log.of("run_finished")
    assert [(end.body["status"], end.body["usage"]["cpu_ms"]) for end in ends] == [("CANCELLED", 3)] * 2


async def test_a_lease_that_ends_before_its_run_has_been_heard_loses_nothing(ground: Ground) -> None:
    """3.3: a worker that drains ends both at nearly the same time, and the lease may be heard of first."""

    async def behave(odd: Odd, requests: Any, context: Any) -> None:
        await anext(requests)
        for event in (BEGUN, output(b"good\n")):
            await context.write(event)
        odd.lost.set()
        await asyncio.sleep(0.5)  # until the front has heard of it
        for event in (NOTHING, ENDED):
            await context.write(event)

    async with house(ground, Odd(behave)) as front:
        finished = await front.run(ground.order("print(1)", limits=LIMITS))
        assert finished.result.status == "EXITED"

    assert [end.body["status"] for end in front.log.of("run_finished")] == ["EXITED"]


async def test_a_connection_that_is_closed_under_a_run_loses_the_run_and_nobody_left(ground: Ground) -> None:
    """3.3: that is the front's own doing, and not the caller's leaving."""

    async def behave(odd: Odd, requests: Any, context: Any) -> None:
        await anext(requests)
        await context.write(BEGUN)
        await odd.lost.wait()

    async with house(ground, Odd(behave)) as front:
        running = asyncio.create_task(failed(front, ground))
        async with asyncio.timeout(10):
            while not any(held.runs for held in front.fleet.holds()):
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.3)  # and the run has begun
            for held in front.fleet.holds():
                await held.close()
            assert await running == "WORKER_LOST / WORKER_LOST"


async def test_a_pool_of_workers_describes_itself(ground: Ground) -> None:
    """The weakest tier, and how many there are."""
    async with house(ground, Odd(GOOD), Odd(GOOD, tier="TIER_T0")) as front:
        async with asyncio.timeout(10):
            while front.fleet.isolation[:1] != ("2 workers, 0 of them held here",):
                await asyncio.sleep(0.01)
        assert (front.fleet.tier, front.fleet.libraries) == ("T0", ("a==1",))
        assert front.fleet.isolation[1:] == ("odd",)


def together(number: int) -> Behaviour:
    """A worker whose run ends once so many go on at the same time."""
    here, all_here = [], asyncio.Event()

    async def behave(odd: Odd, requests: Any, context: Any) -> None:
        await anext(requests)
        await context.write(BEGUN)
        here.append(odd)
        if len(here) == number:
            all_here.set()
        await asyncio.wait_for(all_here.wait(), 20)
        await context.write(NOTHING)
        await context.write(ENDED)

    return behave


async def test_runs_at_once_are_spread_over_workers(ground: Ground) -> None:
    """3.6: four of one tenant are on four workers, each of which has room for one."""
    behave = together(4)
    workers = [Odd(behave) for _ in range(4)]
    async with house(ground, *workers) as front:
        orders = [ground.order(f"print({number})", limits=LIMITS) for number in range(4)]
        await asyncio.gather(*map(front.run, orders))

    assert [worker.runs for worker in workers] == [1, 1, 1, 1]


async def test_whoever_stops_waiting_leaves_nothing_behind(ground: Ground) -> None:
    """No place in the queue, no lease and no record; what runs goes on, and then everything is given back."""
    may_end = asyncio.Event()

    async def behave(_: Odd, requests: Any, context: Any) -> None:
        await anext(requests)
        await context.write(BEGUN)
        await may_end.wait()
        await context.write(NOTHING)
        await context.write(ENDED)

    async with house(ground, Odd(behave)) as front:
        first = asyncio.create_task(front.run(ground.order("print(1)", limits=LIMITS), "one"))
        await until(front.holding)
        for tenant in ("one", "two"):
            waiting = asyncio.create_task(front.run(ground.order("print(2)", limits=LIMITS), tenant))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait([waiting])
        may_end.set()
        await first
        await until(lambda: not front.holding())

    assert front.log.kinds() == ["run_started", "run_finished"]


async def test_a_lease_grows_old_whoever_uses_it(ground: Ground) -> None:
    """3.7: it takes no new runs, whatever its tenant wants; what goes on ends on it, and it is given back."""
    may_end = asyncio.Event()

    async def behave(_: Odd, requests: Any, context: Any) -> None:
        await anext(requests)
        await context.write(BEGUN)
        await may_end.wait()
        await context.write(NOTHING)
        await context.write(ENDED)

    async with house(ground, Odd(behave), idle_s=3600, lease_s=0.05) as front:
        running = asyncio.create_task(front.run(ground.order("print(1)", limits=LIMITS)))
        await until(front.holding)
        (old,) = front.fleet.holds()
        await until(lambda: old.closing)
        assert not running.done()
        may_end.set()
        assert (await running).result.status.value == "EXITED"
        await until(lambda: old not in front.fleet.holds())

        await front.run(ground.order("print(2)", limits=LIMITS))
        await until(lambda: not front.holding())  # also one that nothing runs on


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)
