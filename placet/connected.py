"""The services as one caller reaches them: a connection each, made for the first call.

Knows where they are and what a call that fails becomes; knows none of their methods.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self, TypeVar

import grpc

from placet.elsewhere import elsewhere
from placet.local import Endpoint, StackError, default_state
from placet.local import endpoint as running_endpoint
from placet.rpc.channel import connect
from placet.rpc.errors import ServiceError
from placet.rpc.tls import TlsFiles

DEFAULT_TIMEOUT_S = 600.0
READ_TIMEOUT_S = 30.0

M = TypeVar("M")
S = TypeVar("S")


class Connected:
    """Who calls them. An asynchronous context manager; for one event loop."""

    def __init__(self, endpoint: Endpoint) -> None:
        """Nothing is connected until the first call."""
        self._endpoint = endpoint
        self._channels: dict[str, grpc.aio.Channel] = {}
        self._stubs: dict[str, Any] = {}

    @classmethod
    def connect(cls, state: Path | str | None = None, *, endpoint: Endpoint | None = None) -> Self:
        """A client of one machine's stack, or of the services at `endpoint`.

        With neither, of the services that PLACET_SERVICES names, or else of this machine's usual stack.

        Raises:
            ServiceError: UNAVAILABLE/STACK_NOT_RUNNING when there is no stack in `state`;
                FAILED_PRECONDITION/SERVICES_UNREADABLE when the environment does not name services rightly.
        """
        return cls(endpoint or _running(state))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection; calls in flight are cancelled."""
        channels, self._channels, self._stubs = self._channels, {}, {}
        await asyncio.gather(*(channel.close() for channel in channels.values()))

    def _stub(self, name: str, stub: Callable[[grpc.aio.Channel], S]) -> S:
        """A service's methods, made for the first call. Raises ServiceError as `_channel` does."""
        if name not in self._stubs:
            self._stubs[name] = stub(self._channel(name))
        found: S = self._stubs[name]
        return found

    def _channel(self, name: str) -> grpc.aio.Channel:
        """To a service, such as "guard". Raises ServiceError UNAVAILABLE/SERVICE_NOT_RUNNING."""
        if name not in self._channels:
            if name not in self._endpoint.addresses:
                raise ServiceError(
                    grpc.StatusCode.UNAVAILABLE,
                    "SERVICE_NOT_RUNNING",
                    f"the {name} has no address; see `placet status`, then `placet down` and `placet up`",
                )
            self._channels[name] = self._endpoint.connect(name)
        return self._channels[name]

    @asynccontextmanager
    async def _channel_as(self, tls: TlsFiles, name: str) -> AsyncIterator[grpc.aio.Channel]:
        """To a service, for a while and under another identity; calls that fail raise ServiceError."""
        channel = connect(self._endpoint.addresses[name], tls, server=name)
        async with channel, errors(name):
            yield channel


def _running(state: Path | str | None) -> Endpoint:
    """The stack in `state`; without one, what the environment names, else the default state directory's."""
    if state is None and (found := elsewhere(os.environ)):
        return found
    try:
        return running_endpoint(Path(state) if state else default_state())
    except StackError as error:
        raise ServiceError(grpc.StatusCode.UNAVAILABLE, "STACK_NOT_RUNNING", str(error)) from error


async def messages(first: M, rest: Iterable[M]) -> AsyncIterator[M]:
    """The stream that a call sends: the header, then the inputs' chunks."""
    yield first
    for message in rest:
        yield message


@asynccontextmanager
async def errors(service: str) -> AsyncIterator[None]:
    """Failed RPCs leave as the ServiceError that the peer raised, or as one that says who is unreachable."""
    try:
        yield
    except grpc.aio.AioRpcError as error:
        failure = ServiceError.from_rpc(error)
        if failure.reason in ("UNAVAILABLE", "DEADLINE_EXCEEDED"):
            failure = ServiceError(
                failure.code,
                failure.reason,
                f"the {service} did not answer ({failure.message}); see `placet status`",
            )
        raise failure from error


@asynccontextmanager
async def cancelled_with_us(call: Any) -> AsyncIterator[None]:
    """However the block ends, the call does not outlive it."""
    try:
        yield
    finally:
        call.cancel()
