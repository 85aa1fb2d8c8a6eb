"""What surrounds every handler: errors → telemetry → identity → time limit.

Each is an async context manager around the call, so that one adapter serves all four shapes of
RPC. Nothing here knows a service.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    aclosing,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

import grpc
import structlog

from placet.rpc import metrics
from placet.rpc.deadline import Deadline
from placet.rpc.errors import ServiceError, to_status
from placet.rpc.identity import OPEN_TO_PEERS, AllowList, authorize, caller_of
from placet.rpc.telemetry import open_line

Context = grpc.aio.ServicerContext[Any, Any]
Around = Callable[[str, Context], AbstractAsyncContextManager[None]]
Passing = Callable[[], AbstractContextManager[None]]
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"

_log = structlog.get_logger()


DRAIN_S = 3.0
"""How long a refused caller may go on sending before the call ends."""
QUIET_S = 0.5
"""One that has sent nothing for so long keeps its stream open for something else, and is answered."""


NOT_AGAIN = ("grpc-retry-pushback-ms", "-1")
"""What we answered, an error too, is an answer: gRPC is to repeat only what nobody answered."""


class AroundInterceptor(grpc.aio.ServerInterceptor):
    """Runs every handler inside `around(method, context)`; a stream's answers leave inside `passing()`.

    With `drains`, what a refused caller still sends is thrown away before the refusal leaves: a client
    that is sending when its call ends reports INTERNAL instead of the reason that we gave.
    """

    def __init__(
        self, around: Around, *, passing: Passing = contextlib.nullcontext, drains: bool = False
    ) -> None:
        self._around = around
        self._passing = passing
        self._drains = drains
        self._made: dict[str, tuple[Handler, Handler]] = {}
        """Method → its handler, and what surrounds it: gRPC asks at every call."""

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        handler = await continuation(handler_call_details)
        if handler is None:  # no such method: gRPC answers UNIMPLEMENTED
            return None
        method = str(handler_call_details.method)
        known, made = self._made.get(method, (None, None))
        if known is not handler:
            made = surround(handler, method, self._around, self._passing)
            if self._drains and handler.request_streaming:
                made = draining(made)
            self._made[method] = handler, made
        return made


def draining(handler: Handler) -> Handler:
    """The same stream-taking handler; a ServiceError leaves it once the caller has stopped sending."""
    behaviour, build = _shape(handler)

    async def coroutine(requests: AsyncIterator[Any], context: Context) -> Any:
        try:
            return await behaviour(requests, context)
        except ServiceError:
            await _drain(requests)
            raise

    async def generator(requests: AsyncIterator[Any], context: Context) -> AsyncIterator[Any]:
        try:
            async with aclosing(behaviour(requests, context)) as responses:
                async for response in responses:
                    yield response
        except ServiceError:
            await _drain(requests)
            raise

    return _rebuilt(handler, build, generator if inspect.isasyncgenfunction(behaviour) else coroutine)


async def _drain(requests: AsyncIterator[Any]) -> None:
    clock = asyncio.get_running_loop().time
    until = clock() + DRAIN_S
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(QUIET_S) as quiet:
            async for _ in requests:
                quiet.reschedule(min(until, clock() + QUIET_S))


def surround(handler: Handler, method: str, around: Around, passing: Passing) -> Handler:
    """The same handler, run inside `around`, whose answers leave inside `passing`."""
    behaviour, build = _shape(handler)

    async def coroutine(request: Any, context: Context) -> Any:
        async with around(method, context):
            return await behaviour(request, context)

    async def generator(request: Any, context: Context) -> AsyncIterator[Any]:
        async with around(method, context), aclosing(behaviour(request, context)) as responses:
            async for response in responses:
                with passing():
                    yield response

    return _rebuilt(handler, build, generator if inspect.isasyncgenfunction(behaviour) else coroutine)


def _rebuilt(handler: Handler, build: Callable[..., Any], behaviour: Callable[..., Any]) -> Handler:
    rebuilt: Handler = build(
        behaviour,
        request_deserializer=handler.request_deserializer,
        response_serializer=handler.response_serializer,
    )
    return rebuilt


def _shape(handler: Handler) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """A handler's behaviour, and the function that makes a handler of that shape."""
    shapes: dict[tuple[bool, bool], tuple[Any, Callable[..., Any]]] = {
        (False, False): (handler.unary_unary, grpc.unary_unary_rpc_method_handler),
        (False, True): (handler.unary_stream, grpc.unary_stream_rpc_method_handler),
        (True, False): (handler.stream_unary, grpc.stream_unary_rpc_method_handler),
        (True, True): (handler.stream_stream, grpc.stream_stream_rpc_method_handler),
    }
    return shapes[(bool(handler.request_streaming), bool(handler.response_streaming))]


@asynccontextmanager
async def errors(_method: str, context: Context) -> AsyncIterator[None]:
    """Turn a ServiceError into its status, and any other exception into INTERNAL without its detail."""
    try:
        yield
    except (asyncio.CancelledError, GeneratorExit, grpc.aio.AbortError):
        raise
    except Exception as error:
        status = to_status(for_the_peer(error))
    else:
        return
    await context.abort(status.code, status.details, (*status.trailing_metadata, NOT_AGAIN))


def for_the_peer(error: Exception) -> ServiceError:
    """What a handler's error is to whoever called: its text may hold what they must not see."""
    if isinstance(error, ServiceError):
        return error
    return ServiceError(  # `telemetry` has logged why
        grpc.StatusCode.INTERNAL,
        "INTERNAL",
        "The service failed while it answered. Its log says why; nothing was decided.",
    )


@asynccontextmanager
async def telemetry(method: str, _context: Context) -> AsyncIterator[None]:
    """Count the call, and log one canonical line: method, caller, code, duration, what the handler noted."""
    fields = open_line()
    started = time.monotonic()
    outcome: dict[str, object] = {"code": "OK"}
    short = method.rpartition(".")[2]  # "GuardService/Review"
    try:
        with metrics.RPCS_OPEN.labels(short).track_inprogress():
            yield
    except ServiceError as error:
        outcome = {"code": error.code.name, "reason": error.reason, "message": error.message}
        raise
    except (asyncio.CancelledError, GeneratorExit):
        outcome = {"code": "CANCELLED"}
        raise
    except Exception:
        outcome = {"code": "INTERNAL", "reason": "INTERNAL", "exc_info": True}
        raise
    finally:
        elapsed_s = time.monotonic() - started
        metrics.RPCS.labels(short, outcome["code"]).inc()
        metrics.RPC_SECONDS.labels(short).observe(elapsed_s)
        line = {**fields, "method": method, "elapsed_ms": round(elapsed_s * 1000, 1), **outcome}
        if outcome["code"] == "INTERNAL":
            _log.error("rpc", **line)
        else:  # the answer leaves first; nobody waits for its line
            write = _log.debug if method.startswith(OPEN_TO_PEERS) else _log.info
            asyncio.get_running_loop().call_soon(partial(write, "rpc", **line))


def identity(allow: AllowList) -> Around:
    """Let only those peers through that the list names for the method."""

    @asynccontextmanager
    async def around(method: str, context: Context) -> AsyncIterator[None]:
        caller = caller_of(context)
        structlog.contextvars.bind_contextvars(caller=caller.path)
        authorize(allow, method, caller)
        yield

    return around


@dataclass
class TimeLimit:
    """Ends an RPC whose client set no deadline after `maximum_s` seconds.

    Methods in `endless` (tails, watches) have no limit; they end when the server drains.
    """

    maximum_s: float
    endless: Collection[str]
    _waiting: set[asyncio.Task[Any]] = field(default_factory=set, init=False)
    """Endless handlers that may be cancelled now."""
    _over: bool = field(default=False, init=False)

    def is_endless(self, method: str) -> bool:
        return method in self.endless or method.startswith(OPEN_TO_PEERS)

    @asynccontextmanager
    async def around(self, method: str, context: Context) -> AsyncIterator[None]:
        """Cancel the handler's task when its time is over, and say so."""
        task = asyncio.current_task()
        assert task is not None
        if self.is_endless(method):
            async with self._until_drained(task):
                yield
            return
        deadline = Deadline.of(context, maximum_s=self.maximum_s)
        timer = asyncio.get_running_loop().call_later(deadline.remaining_s(), task.cancel)
        try:
            yield
        except asyncio.CancelledError:
            if deadline.remaining_s() > 0:
                raise
            task.uncancel()
            raise ServiceError(
                grpc.StatusCode.DEADLINE_EXCEEDED,
                "DEADLINE_EXCEEDED",
                "The time for this call is over. Call with a longer deadline, or ask for less.",
            ) from None
        finally:
            timer.cancel()

    @asynccontextmanager
    async def _until_drained(self, task: asyncio.Task[Any]) -> AsyncIterator[None]:
        self._wait(task)
        try:
            yield
        except asyncio.CancelledError:
            if task in self._waiting:  # the client left
                raise
            task.uncancel()
            raise _stopping() from None
        finally:
            self._waiting.discard(task)

    @contextmanager
    def passing(self) -> Iterator[None]:
        """While gRPC writes for an endless handler, that is not cancelled, but ends afterwards.

        grpc.aio takes a cancellation at that moment for the client's, and keeps the call open for all of the
        drain.
        """
        task = asyncio.current_task()
        if task not in self._waiting:
            yield
            return
        self._waiting.discard(task)
        yield
        self._wait(task)

    def end_endless(self) -> None:
        """End what would otherwise hold up a drain for all of its grace period, now and from now on."""
        self._over = True
        while self._waiting:
            self._waiting.pop().cancel()

    def _wait(self, task: asyncio.Task[Any]) -> None:
        if self._over:
            raise _stopping()
        self._waiting.add(task)


def _stopping() -> ServiceError:
    return ServiceError(
        grpc.StatusCode.UNAVAILABLE,
        "SERVER_STOPPING",
        "The server is stopping. Open the stream again where you were.",
        retry_after_s=1.0,
    )
