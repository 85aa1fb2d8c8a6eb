"""Health as others see it: `grpc.health.v1`, kept true by asking the service every two seconds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog
from grpc_health.v1 import health, health_pb2

HealthCheck = Callable[[], Awaitable[bool]]

INTERVAL_S = 2.0
CHECK_TIMEOUT_S = 5.0

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


async def set_health(servicer: health.aio.HealthServicer, names: Sequence[str], healthy: bool) -> None:
    """Say for each service name, and for the server as a whole (""), whether it serves."""
    status = health_pb2.HealthCheckResponse.SERVING if healthy else health_pb2.HealthCheckResponse.NOT_SERVING
    for name in ("", *names):
        await servicer.set(name, status)


async def keep_health(servicer: health.aio.HealthServicer, names: Sequence[str], check: HealthCheck) -> None:
    """Ask `check` until cancelled, and publish and log each change."""
    known: bool | None = None
    while True:
        healthy = await is_healthy(check)
        if healthy != known:
            await set_health(servicer, names, healthy)
            _log.info("health", serving=healthy)
            known = healthy
        await asyncio.sleep(INTERVAL_S)
