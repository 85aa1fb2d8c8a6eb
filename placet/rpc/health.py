"""Health as others see it: `grpc.health.v1`, kept true by asking the service every second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
import structlog
from grpc_health.v1 import health_pb2, health_pb2_grpc

from placet.rpc.channel import service_name
from placet.rpc.health_servicer import HealthServicer

HealthCheck = Callable[[], Awaitable[bool]]

INTERVAL_S = 1.0
CHECK_TIMEOUT_S = 5.0
ASK_TIMEOUT_S = 2.0
PATIENCE_S = 15.0
"""Longer than a log needs for a change of its leader."""

_log = structlog.get_logger()


async def always_healthy() -> bool:
    """For a service without dependencies: it is healthy while it answers."""
    return True


async def is_healthy(check: HealthCheck) -> bool:
    """One answer of a check; a check that raises or takes too long says no."""
    try:
        async with asyncio.timeout(CHECK_TIMEOUT_S):
            return await check()
    except Exception as error:
        _log.warning("health check failed", error=f"{type(error).__name__}: {error}")
        return False


@dataclass(frozen=True)
class State:
    """What a server says of itself."""

    serves: bool
    """Of each of its services: whether calls to it are answered. Clients choose replicas by it."""
    ready: bool
    """Of the server as a whole (""): whether it does its part, which may be to stand by."""


@dataclass(frozen=True)
class Checks:
    """What is asked, again and again, for a server's state."""

    health: HealthCheck
    ready: HealthCheck | None = None
    """None: it is ready while its services serve."""

    async def ask(self) -> State:
        """The state now."""
        serves = await is_healthy(self.health)
        return State(serves, await is_healthy(self.ready) if self.ready else serves)


async def publish(servicer: HealthServicer, names: Sequence[str], state: State) -> None:
    """Say for each service name, and for the server as a whole (""), how it is."""
    await servicer.say({"": state.ready, **dict.fromkeys(names, state.serves)})


async def keep_health(servicer: HealthServicer, names: Sequence[str], checks: Checks) -> None:
    """Ask until cancelled, and publish and log each change."""
    known: State | None = None
    while True:
        state = await checks.ask()
        if state != known:
            await publish(servicer, names, state)
            _log.info("health", serving=state.serves, ready=state.ready)
            known = state
        await asyncio.sleep(INTERVAL_S)


async def serves(channel: grpc.aio.Channel, server: str) -> bool:
    """Whether the server behind a channel ("audit") says that its service serves, within two seconds."""
    stub: Any = health_pb2_grpc.HealthStub(channel)
    try:
        reply = await stub.Check(
            health_pb2.HealthCheckRequest(service=service_name(server)), timeout=ASK_TIMEOUT_S
        )
    except grpc.aio.AioRpcError:
        return False
    return bool(reply.status == health_pb2.HealthCheckResponse.SERVING)


class Patient:
    """A check of something else, such as the log, that may be away for a moment without our being ill.

    Its no counts once it has lasted `for_s` seconds, and before its first yes. So a service whose log gets
    another leader goes on taking calls, and they wait; otherwise all services would turn theirs away at once.
    """

    def __init__(
        self, check: HealthCheck, *, for_s: float = PATIENCE_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._check, self._for_s, self._clock = check, for_s, clock
        self._last_yes: float | None = None

    async def __call__(self) -> bool:
        """The check's answer, or a yes that is not older than `for_s` seconds."""
        if await self._check():
            self._last_yes = self._clock()
        return self._last_yes is not None and self._clock() - self._last_yes < self._for_s
