"""What product teams import: the whole chain as an asynchronous client, and the same verbs without asyncio.

    async with Placet.connect() as placet:                    # the stack that `placet up` started
        result = await placet.solve("Mean price per region?", scope="data-analysis", inputs=["sales.csv"])
        print(result.outcome, result.stdout)

A denial and a program that fails are answers (`Result.outcome`); ServiceError means that there is no answer.
Verbs that work take `timeout_s`; cancelling their task cancels the work in the services. Knows the whole
chain; what one service is asked for stands in `verdicts`, `runs`, `records`, what people do in `decisions`.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from placetpb.generator.v1 import generator_pb2, generator_pb2_grpc

from placet import wire
from placet.answers import Progress, Result, Verdict
from placet.connected import DEFAULT_TIMEOUT_S, cancelled_with_us, errors, messages
from placet.decisions import Decisions
from placet.gathering import Gathered, OnEvent, not_run, on_solve_message, quiet, reached_by
from placet.ids import fresh_id
from placet.inputs import InputLike, read_inputs, source_of
from placet.local import Endpoint
from placet.records import Filters, Records

__all__ = ["DEFAULT_TIMEOUT_S", "Filters", "Placet", "PlacetSync", "new_request_id"]

P = ParamSpec("P")
R = TypeVar("R")


class Placet(Decisions, Records):
    """The chain as its callers see it. An asynchronous context manager; for one event loop."""

    async def solve(
        self,
        task: str,
        *,
        scope: str,
        inputs: Sequence[InputLike] = (),
        request_id: str | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        review_wait_s: int = 0,
        on_event: OnEvent = quiet,
    ) -> Result:
        """Have a program written for `task`, reviewed and run; `on_event` sees each step as it happens.

        Args:
            task: what is wanted, in plain words; at most 8 KiB of UTF-8.
            scope: name of a scope that the caller may use.
            inputs: files (paths, or `Input`s), 64 MiB together.
            request_id: names the request in the log; repeating one with the same content repeats its answer.
            review_wait_s: how long people may take, in seconds, beside `timeout_s`, when a program needs
                their review; at most an hour. 0: the outcome is NEEDS_REVIEW at once.

        Raises:
            ServiceError: there is no answer; nothing is to be concluded about the task.
        """
        read = read_inputs(inputs)
        task_id = request_id or fresh_id()
        first = generator_pb2.SolveRequest(
            task=generator_pb2.Task(
                request_id=task_id,
                scope=scope,
                text=task,
                inputs=[item.ref() for item in read],
                review_wait_s=review_wait_s,
            )
        )
        requests = messages(first, (generator_pb2.SolveRequest(chunk=c) for i in read for c in i.chunks()))
        stub = self._stub("generator", generator_pb2_grpc.GeneratorServiceStub)
        gathered = Gathered(task_id, on_event)
        async with errors("generator"):
            call = stub.Solve(requests, timeout=timeout_s + review_wait_s)
            async with cancelled_with_us(call):
                async for message in call:
                    on_solve_message(gathered, message)
        return gathered.result()

    async def run(
        self,
        program: bytes | str,
        *,
        scope: str,
        inputs: Sequence[InputLike] = (),
        task: str = "",
        plan: bytes = b"",
        request_id: str | None = None,
        timeout_s: float = DEFAULT_TIMEOUT_S,
        review_wait_s: int = 0,
        on_event: OnEvent = quiet,
    ) -> Result:
        """Have your own program reviewed and, if it is allowed, run.

        `plan` is as of `review`. `review_wait_s` is how long people may take, in seconds, when it needs their
        review; at most a day. 0: the outcome is NEEDS_REVIEW at once.

        Raises:
            ServiceError: see `review`, `await_review` and `execute`.
        """
        read = read_inputs(inputs)
        run_id = request_id or fresh_id()
        source = source_of(program)
        on_event(Progress("reviewing"))
        review = await self.review(
            source, scope=scope, inputs=read, task=task, plan=plan, request_id=run_id, timeout_s=timeout_s
        )
        reached = reached_by(review)
        on_event(reached)
        if review.verdict is Verdict.NEEDS_REVIEW and review_wait_s > 0:
            on_event(Progress("awaiting_review", detail=f"for at most {review_wait_s} s"))
            if decided := await self.await_review(source, request_id=run_id, wait_s=review_wait_s):
                review = wire.decided_review(review, decided)
                reached = reached_by(review)
                on_event(reached)
        if review.verdict is not Verdict.ALLOWED:
            return not_run(run_id, source, review, reached)
        on_event(Progress("running"))
        return await self.execute(
            source, review.approval, inputs=read, request_id=run_id, timeout_s=timeout_s, on_event=on_event
        )


def new_request_id() -> str:
    """A fresh name for a request."""
    return fresh_id()


def _blocking(
    verb: Callable[Concatenate[Placet, P], Coroutine[Any, Any, R]],
) -> Callable[Concatenate[PlacetSync, P], R]:
    """The same verb, with the same arguments, that waits for its answer."""

    @functools.wraps(verb)
    def call(self: PlacetSync, *args: P.args, **kwargs: P.kwargs) -> R:
        return self._runner.run(verb(self._client, *args, **kwargs))

    return call  # type: ignore[return-value]  # functools.wraps hides the plain signature


class PlacetSync:
    """`Placet` without asyncio: every verb blocks. Not inside an event loop, nor from several threads."""

    def __init__(self, client: Placet) -> None:
        self._client = client
        self._runner = asyncio.Runner()

    @classmethod
    def connect(cls, state: Path | str | None = None, *, endpoint: Endpoint | None = None) -> Self:
        """See `Placet.connect`."""
        return cls(Placet.connect(state, endpoint=endpoint))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection and the event loop."""
        self._runner.run(self._client.close())
        self._runner.close()

    solve = _blocking(Placet.solve)
    run = _blocking(Placet.run)
    review = _blocking(Placet.review)
    await_review = _blocking(Placet.await_review)
    execute = _blocking(Placet.execute)
    approve = _blocking(Placet.approve)
    answer = _blocking(Placet.answer)
    assess = _blocking(Placet.assess)
    scopes = _blocking(Placet.scopes)
    scope = _blocking(Placet.scope)
    pool = _blocking(Placet.pool)
    records = _blocking(Placet.records)
    record = _blocking(Placet.record)
    kept = _blocking(Placet.kept)
    usage = _blocking(Placet.usage)
    erase = _blocking(Placet.erase)
    checkpoint = _blocking(Placet.checkpoint)
    bundle = _blocking(Placet.bundle)
    labelled = _blocking(Placet.labelled)
    tail = _blocking(Placet.tail)
