"""`grpc.health.v1`, told to everybody who watches.

In place of the library's: that one writes to a peer while it holds the lock that every change needs, so that
one peer that does not read (a stopped client, a paused machine) would keep the news from all others. Knows
names and whether they serve; must not know why.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from placet.rpc.errors import ServiceError

Context = grpc.aio.ServicerContext[Any, Any]
Response = health_pb2.HealthCheckResponse


class HealthServicer(health_pb2_grpc.HealthServicer):
    """Says for each name whether it serves; "" is the server as a whole, and at first it does not."""

    def __init__(self) -> None:
        self._serves: dict[str, bool] = {"": False}
        self._changed = asyncio.Condition()
        self._over = False

    def serves(self, name: str) -> bool:
        """What is said of a name at this moment."""
        return self._serves.get(name, False)

    async def say(self, serves: Mapping[str, bool]) -> None:
        """Say this of these names from now on. After `say_farewell` it says nothing any more."""
        if not self._over:
            await self._say(serves)

    async def say_farewell(self) -> None:
        """Say of every name that it does not serve, for good."""
        self._over = True
        await self._say(dict.fromkeys(self._serves, False))

    async def _say(self, serves: Mapping[str, bool]) -> None:
        async with self._changed:
            self._serves.update(serves)
            self._changed.notify_all()

    async def Check(  # noqa: N802  # gRPC's name
        self, request: health_pb2.HealthCheckRequest, _context: Context
    ) -> Response:
        """See grpc.health.v1. Raises ServiceError NOT_FOUND for a name that is none of ours."""
        if request.service not in self._serves:
            raise ServiceError(
                grpc.StatusCode.NOT_FOUND,
                "SERVICE_UNKNOWN",
                f"This server has no service {request.service!r}.",
            )
        return Response(status=self._status(request.service))

    async def Watch(  # noqa: N802  # gRPC's name
        self, request: health_pb2.HealthCheckRequest, _context: Context
    ) -> AsyncIterator[Response]:
        """See grpc.health.v1: the status now, and when it is another one; what came between is left out."""
        told: int | None = None
        while True:
            async with self._changed:
                while (status := self._status(request.service)) == told:
                    await self._changed.wait()
            told = status
            yield Response(status=told)

    def _status(self, name: str) -> Any:  # one of Response.ServingStatus, which the stubs have as a number
        if name not in self._serves:
            return Response.SERVICE_UNKNOWN
        return Response.SERVING if self._serves[name] else Response.NOT_SERVING
