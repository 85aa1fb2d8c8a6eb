"""Execute as a caller meets it, for `bench.executor`: through mutual TLS, a real executor and a real log.

Each figure is a round that measures the executor and its baseline in turns. Approvals are signed outside of
what is timed. Knows the client and the services' doors, nothing inside.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from bench import executor_programs as programs
from bench import processes
from bench.baselines import IMPORTS, BareZygote, FreshInterpreter
from bench.executor_figures import CLIENTS, IN_FLIGHT
from bench.executor_services import Services
from bench.report import say
from bench.rounds import SETTLE_S, Plan, Samples, in_turns, repeat
from placet.answers import Event, Outcome, Output, Result, RunStarted
from placet.inputs import Input
from placet.rpc.errors import ServiceError

HONEST_IN_A_BLOCK: Final = 10
CALL_S: Final = 120.0
_BUSY: Final = "EXECUTOR_BUSY"


@dataclass
class Timed:
    """When, in milliseconds after its call, a run was on record as started, wrote, and was over."""

    began: float = field(default_factory=time.perf_counter)
    started: float = 0.0
    first_output: float = 0.0
    finished: float = 0.0

    def hear(self, event: Event) -> None:
        """Note when it came."""
        now = (time.perf_counter() - self.began) * 1000
        if isinstance(event, RunStarted):
            self.started = now
        elif isinstance(event, Output) and not self.first_output:
            self.first_output = now


@dataclass(frozen=True)
class Executing:
    """The services, and what they are compared with."""

    services: Services
    zygote: BareZygote
    fresh: FreshInterpreter
    plan: Plan

    # What each figure does in one round.

    async def execute(self, samples: Samples) -> None:
        """A trivial program; a fresh interpreter with the same libraries; a bare fork."""
        await in_turns(samples, (self._fresh, self._fork, self._trivial))

    async def cancel(self, samples: Samples) -> None:
        """A program that never ends is cancelled; a bare fork."""
        await in_turns(samples, (self._fork, self._cancelled))

    async def throughput(self, samples: Samples) -> None:
        """Runs and bare forks per second, each with several numbers at once."""
        forks = [partial(self._forks_per_s, in_flight=number) for number in IN_FLIGHT]
        runs = [partial(self._runs_per_s, clients=number) for number in CLIENTS]
        await in_turns(samples, [*forks, *runs])

    async def bombs(self, samples: Samples) -> None:
        """Honest runs alone, then as many beside bombs of every kind."""
        await self._honest("alone", samples)
        ended: Counter[str] = Counter()
        async with self._bombing(ended):
            await self._honest("beside", samples)
        samples["bombs"].append(float(ended.total()))
        say(f"  bombs: {dict(ended)}")
        await asyncio.sleep(SETTLE_S * 5)

    async def job(self, samples: Samples, table: Input) -> None:
        """A real job through Execute, and the same in a fresh interpreter."""
        await in_turns(samples, (self._fresh_job, partial(self._approved_job, table=table)))

    # What they are made of.

    async def _rest(self) -> list[processes.Member]:
        """The cells' processes, once the pool is full: arming beside a measurement would disturb it."""
        return await processes.filled(self.services.executor.pid, self.services.pool_size)

    async def _fresh(self, samples: Samples) -> None:
        await self._rest()
        samples["fresh"].append(await self.fresh.seconds(IMPORTS) * 1000)

    async def _fork(self, samples: Samples) -> None:
        await self._rest()
        samples["fork"].append(await self.zygote.forks() * 1000)

    async def _trivial(self, samples: Samples) -> None:
        await self._rest()
        timed = await self._time(programs.TRIVIAL)
        samples["started"].append(timed.started)
        samples["first_output"].append(timed.first_output)
        samples["execute"].append(timed.finished)

    async def _time(self, program: str) -> Timed:
        approval = self.services.approver.sign(program, programs.GRANTS[program])
        timed = Timed()
        result = await self.services.placet.execute(program, approval, timeout_s=CALL_S, on_event=timed.hear)
        timed.finished = (time.perf_counter() - timed.began) * 1000
        _check(result)
        return timed

    async def _cancelled(self, samples: Samples) -> None:
        """Milliseconds from the caller's cancelling until every process of the run is dead."""
        approval = self.services.approver.sign(programs.ENDLESS)
        armed = await self._rest()
        per_cell = len(armed) // sum(member.is_program for member in armed)
        output = asyncio.Event()

        def seen(event: Event) -> None:
            if isinstance(event, Output):
                output.set()

        with processes.watched(armed) as handles:
            call = asyncio.create_task(
                self.services.placet.execute(programs.ENDLESS, approval, timeout_s=CALL_S, on_event=seen)
            )
            await asyncio.wait_for(output.wait(), CALL_S)
            await asyncio.sleep(SETTLE_S)
            died = asyncio.create_task(processes.deaths(handles, per_cell))
            await asyncio.sleep(0)  # it watches now
            started = time.perf_counter()
            call.cancel()
            samples["execute_cancel"].append((await died - started) * 1000)
            with contextlib.suppress(asyncio.CancelledError, ServiceError):
                await call

    async def _forks_per_s(self, samples: Samples, *, in_flight: int) -> None:
        await self._rest()
        count = self.plan.slice_runs * 2
        samples[f"forks_{in_flight}"].append(count / await self.zygote.forks(count, in_flight))
        samples["forks"].append(count)

    async def _runs_per_s(self, samples: Samples, *, clients: int) -> None:
        count = max(self.plan.slice_runs, clients * 2)
        sign = self.services.approver.sign
        approvals = iter([sign(programs.TRIVIAL) for _ in range(count)])
        told = Counter[str]()
        await self._rest()
        started = time.perf_counter()
        callers = [self._call(approvals, told) for _ in range(clients)]
        await asyncio.gather(*callers)
        samples[f"clients_{clients}"].append(told["done"] / (time.perf_counter() - started))
        samples[f"runs_{clients}"].append(count)
        samples[f"failed_{clients}"].append(told["failed"])
        samples[f"busy_{clients}"].append(told[_BUSY])

    async def _call(self, approvals: Iterator[bytes], told: Counter[str]) -> None:
        """One client: a run after another, until no approval is left."""
        execute = self.services.placet.execute
        for approval in approvals:
            try:
                result = await _patiently(
                    partial(execute, programs.TRIVIAL, approval, timeout_s=CALL_S), told
                )
                _check(result)
                told["done"] += 1
            except (ServiceError, RuntimeError) as error:
                told["failed"] += 1
                say(f"  a run failed: {error}")

    async def _honest(self, name: str, samples: Samples) -> None:
        for _ in range(HONEST_IN_A_BLOCK):
            samples[name].append((await self._time(programs.HONEST)).finished)
            await asyncio.sleep(SETTLE_S / 2)

    @asynccontextmanager
    async def _bombing(self, ended: Counter[str]) -> AsyncIterator[None]:
        """One bomb of each kind at any time, once all have started; each is followed by the next."""
        started = {kind: asyncio.Event() for kind in programs.BOMBS}
        tasks = [asyncio.create_task(self._bomb(kind, started[kind], ended)) for kind in programs.BOMBS]
        waiting = asyncio.create_task(_all_set(started.values()))
        try:
            await asyncio.wait([waiting, *tasks], timeout=CALL_S, return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done():
                raise RuntimeError("the bombs do not start")
            yield
        finally:
            waiting.cancel()
            for task in tasks:
                task.cancel()
            failures = await asyncio.gather(*tasks, return_exceptions=True)
        for failure in failures:
            if isinstance(failure, Exception):
                raise failure

    async def _bomb(self, kind: str, started: asyncio.Event, ended: Counter[str]) -> None:
        program, approver = programs.BOMBS[kind], self.services.approver
        limits = replace(approver.limits, wall_s=5, cpu_s=3, memory_mib=256, output_kib=256)

        def seen(event: Event) -> None:
            if isinstance(event, RunStarted):
                started.set()

        while True:
            approval = approver.sign(program, programs.GRANTS[program], limits=limits)
            run = partial(self.services.placet.execute, program, approval, timeout_s=CALL_S, on_event=seen)
            result = await _patiently(run, Counter())
            ended[f"{kind}: {result.status}"] += 1

    async def _fresh_job(self, samples: Samples) -> None:
        await self._rest()
        samples["fresh"].append(await self.fresh.seconds(programs.JOB) * 1000)

    async def _approved_job(self, samples: Samples, *, table: Input) -> None:
        approval = self.services.approver.sign(programs.JOB, programs.JOB_GRANTS, inputs=[table])
        await self._rest()
        started = time.perf_counter()
        result = await self.services.placet.execute(programs.JOB, approval, inputs=[table], timeout_s=CALL_S)
        elapsed = time.perf_counter() - started
        _check(result)
        if [artifact.name for artifact in result.artifacts] != [programs.PLOT]:
            raise RuntimeError("the job left no plot")
        samples["job"].append(elapsed * 1000)


async def measure(executing: Executing, figure: str) -> Samples:
    """The samples of one figure: "execute", "throughput", "cancel", "bombs" or "job".

    Raises ServiceError, RuntimeError or TimeoutError when something does not work at all.
    """
    plan = executing.plan
    match figure:
        case "execute":
            return await repeat("Execute, trivial program", executing.execute, plan)
        case "throughput":
            slices = replace(plan, runs=max(1, plan.runs // 50), warm=0)
            return await repeat("throughput, in slices", executing.throughput, slices)
        case "cancel":
            return await repeat("Execute, cancelled", executing.cancel, plan)
        case "bombs":
            blocks = replace(plan, runs=-(-plan.runs // HONEST_IN_A_BLOCK), warm=0)
            samples = await repeat("honest runs beside bombs, in blocks", executing.bombs, blocks)
            samples["ended"] = [float(executing.services.executor.ended)]
            return samples
        case "job":
            table = Input(programs.TABLE, programs.table())
            executing.fresh.put(table.name, table.content)
            return await repeat("a real job", partial(executing.job, table=table), plan)
    raise ValueError(f"there is no figure {figure!r}")


async def _patiently(run: Callable[[], Awaitable[Result]], told: Counter[str]) -> Result:
    """The run's result; a busy executor is asked again when it said."""
    while True:
        try:
            return await run()
        except ServiceError as error:
            if error.reason != _BUSY:
                raise
            told[_BUSY] += 1
            await asyncio.sleep(error.retry_after_s or SETTLE_S)


async def _all_set(events: Iterable[asyncio.Event]) -> None:
    for event in events:
        await event.wait()


def _check(result: Result) -> None:
    if result.outcome is not Outcome.DONE:
        raise RuntimeError(f"a program that should run ended {result.status}: {result.stderr_bytes[-300:]!r}")
