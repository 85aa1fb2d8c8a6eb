"""A channel that begins anew when certificates change or its peers are lost, and loses no call over it.

Knows gRPC's channels. Must not know where certificates come from, nor any service.
"""

from __future__ import annotations

import asyncio
import time
import weakref
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import grpc

from placet.rpc.tls import Pem

RETIRED_S = 24 * 3600.0
"""The longest that a call goes on over a connection with an old certificate: as long as any of ours lasts."""

LOST_S = 5.0
"""How often peers that cannot be reached are looked for anew, in seconds. By itself gRPC asks a name server
that knew of none again after up to two minutes, and that cannot be set."""

_Make = Callable[[grpc.aio.Channel], Callable[..., Any]]


class RenewingChannel(grpc.aio.Channel):
    """Calls begin on a connection made with what `pem` says now; those under way end where they began."""

    def __init__(self, pem: Callable[[], Pem], open_: Callable[[Pem], grpc.aio.Channel]) -> None:
        """`pem` returns the same object for as long as nothing changed."""
        self._pem, self._open = pem, open_
        self._used = pem()
        self._channel, self._opened_at = open_(self._used), time.monotonic()
        self._retired: set[asyncio.Task[None]] = set()
        self._calls: weakref.WeakSet[grpc.aio.Call] = weakref.WeakSet()

    def current(self) -> grpc.aio.Channel:
        """The channel that a call is to begin on."""
        found = self._pem()
        if found is not self._used or self._is_lost():
            self._retire(self._channel)
            self._used, self._channel, self._opened_at = found, self._open(found), time.monotonic()
        return self._channel

    def _is_lost(self) -> bool:
        """Whether it has reached nobody for a while; what fails for the first time has time to connect."""
        unreachable = self._channel.get_state() is grpc.ChannelConnectivity.TRANSIENT_FAILURE
        return unreachable and time.monotonic() - self._opened_at >= LOST_S

    def _retire(self, channel: grpc.aio.Channel) -> None:
        """Close it once its calls are over."""
        closing = asyncio.get_running_loop().create_task(channel.close(RETIRED_S))
        self._retired.add(closing)
        closing.add_done_callback(self._retired.discard)

    async def close(self, grace: float | None = None) -> None:
        """As any channel's; calls on retired connections end as well."""
        await asyncio.gather(self._channel.close(grace), self._end_retired(grace))

    async def _end_retired(self, grace: float | None) -> None:
        """A channel that is closing cannot be told to hurry: it is closed as soon as its calls are over."""
        if not self._retired:
            return
        _, late = await asyncio.wait(self._retired, timeout=grace or 0)
        for call in self._calls if late else ():  # those on the channel that is not retired are late as well
            call.cancel()
        await asyncio.gather(*late)

    def began(self, call: Any) -> Any:
        """The same call, known to this channel until it is over."""
        self._calls.add(call)
        return call

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        await self.close()

    def get_state(self, try_to_connect: bool = False) -> grpc.ChannelConnectivity:
        """Of the channel that calls begin on."""
        return self.current().get_state(try_to_connect)

    async def wait_for_state_change(self, last_observed_state: grpc.ChannelConnectivity) -> None:
        """Of the channel that calls begin on now."""
        await self.current().wait_for_state_change(last_observed_state)

    async def channel_ready(self) -> None:
        """Wait until a call could be sent."""
        await self.current().channel_ready()

    def unary_unary(self, method: str, *how: Any, **named: Any) -> Any:
        """See grpc.aio.Channel."""
        return _Callable(self, lambda channel: channel.unary_unary(method, *how, **named))

    def unary_stream(self, method: str, *how: Any, **named: Any) -> Any:
        """See grpc.aio.Channel."""
        return _Callable(self, lambda channel: channel.unary_stream(method, *how, **named))

    def stream_unary(self, method: str, *how: Any, **named: Any) -> Any:
        """See grpc.aio.Channel."""
        return _Callable(self, lambda channel: channel.stream_unary(method, *how, **named))

    def stream_stream(self, method: str, *how: Any, **named: Any) -> Any:
        """See grpc.aio.Channel."""
        return _Callable(self, lambda channel: channel.stream_stream(method, *how, **named))


class _Callable:
    """One method of a stub: of the channel that is current when it is called."""

    def __init__(self, owner: RenewingChannel, make: _Make) -> None:
        self._owner, self._make = owner, make
        self._made_of = owner.current()
        self._made = make(self._made_of)

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        channel = self._owner.current()
        if channel is not self._made_of:
            self._made_of, self._made = channel, self._make(channel)
        return self._owner.began(self._made(*arguments, **named))
