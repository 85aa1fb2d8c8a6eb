"""What a client on this machine needs to know of a running stack, and how to ask it how it is."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from placetpb.common.v1 import common_pb2
from placetpb.console.v1 import console_pb2, console_pb2_grpc
from placetpb.executor.v1 import executor_pb2, executor_pb2_grpc

from placet.local.errors import StackError, StackNotRunning
from placet.local.layout import Layout
from placet.local.lock import holder
from placet.local.prepare import local_user
from placet.rpc.channel import connect
from placet.rpc.errors import ServiceError
from placet.rpc.tls import TlsFiles

HEALTH_TIMEOUT_S = 3.0
LINK_TIMEOUT_S = 10.0


@dataclass(frozen=True)
class Endpoint:
    """Where the services are, and as whom this machine's command line calls them ("caller/local")."""

    addresses: Mapping[str, str]
    tls: TlsFiles

    def connect(self, server: str) -> grpc.aio.Channel:
        """A channel to one service; the caller closes it."""
        return connect(self.addresses[server], self.tls, server=server)


def client_tls(layout: Layout, name: str = "local") -> TlsFiles:
    """The files of a client certificate: "local" (caller/local) or "reviewer"."""
    return TlsFiles(layout.pki / "ca.pem", layout.pki / f"{name}.pem", layout.pki / f"{name}.key")


def read_stack(layout: Layout) -> dict[str, Any] | None:
    """What the supervisor wrote once the stack was up; None when no stack is up."""
    if holder(layout.lock) is None or not layout.stack.exists():
        return None
    stack: dict[str, Any] = json.loads(layout.stack.read_text())
    return stack


def endpoint(state: Path) -> Endpoint:
    """The running stack on a state directory. Raises StackNotRunning, which says how to start one."""
    layout = Layout(state.absolute())
    stack = read_stack(layout)
    if stack is None:
        raise StackNotRunning(layout.state)
    addresses = {name: str(service["address"]) for name, service in stack["services"].items()}
    return Endpoint(addresses, client_tls(layout))


def reviewer_tls(layout: Layout, name: str | None = None) -> TlsFiles:
    """The files of a reviewer's certificate; None: of this machine's user.

    Raises:
        StackError: this machine has none of that name.
    """
    own = layout.pki / f"reviewer-{name}.pem"
    if name and own.exists():
        return client_tls(layout, own.stem)
    if name in (None, local_user()):
        return client_tls(layout, "reviewer")
    raise StackError(f"{name!r} has no certificate here; make one: placet keys new-reviewer {name}")


async def issue_link(layout: Layout, name: str | None = None) -> console_pb2.IssueLinkResponse:
    """A link that logs that reviewer in to the console, once; None: this machine's user.

    Raises:
        StackNotRunning: there is no stack on this state directory.
        StackError: as `reviewer_tls`.
        ServiceError: the console does not answer, or the reviewer has no role there.
    """
    stack = read_stack(layout)
    if stack is None:
        raise StackNotRunning(layout.state)
    address = str(stack["services"]["console"]["address"])
    async with connect(address, reviewer_tls(layout, name), server="console") as channel:
        stub: Any = console_pb2_grpc.ConsoleServiceStub(channel)
        try:
            link: console_pb2.IssueLinkResponse = await stub.IssueLink(
                console_pb2.IssueLinkRequest(), timeout=LINK_TIMEOUT_S
            )
        except grpc.aio.AioRpcError as error:
            raise ServiceError.from_rpc(error) from error
    return link


async def healthy(address: str, tls: TlsFiles, server: str) -> bool:
    """Whether a service answers that it serves, within three seconds."""
    async with connect(address, tls, server=server) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        try:
            reply = await stub.Check(health_pb2.HealthCheckRequest(), timeout=HEALTH_TIMEOUT_S)
        except grpc.aio.AioRpcError:
            return False
    return bool(reply.status == health_pb2.HealthCheckResponse.SERVING)


async def tier(address: str, tls: TlsFiles) -> str | None:
    """The isolation that the executor reached ("T1"); None when it does not answer."""
    async with connect(address, tls, server="executor") as channel:
        stub: Any = executor_pb2_grpc.ExecutorServiceStub(channel)
        try:
            pool = await stub.DescribePool(executor_pb2.DescribePoolRequest(), timeout=HEALTH_TIMEOUT_S)
        except grpc.aio.AioRpcError:
            return None
    return str(common_pb2.Tier.Name(pool.tier)).removeprefix("TIER_")


async def status(layout: Layout) -> dict[str, Any]:
    """The stack as `placet status --json` prints it; without a stack, no services."""
    stack = read_stack(layout) or {"services": {}, "model": None, "console": None}
    tls = client_tls(layout)
    services: dict[str, dict[str, Any]] = stack["services"]
    answers = await asyncio.gather(*(healthy(s["address"], tls, name) for name, s in services.items()))
    executor = services.get("executor")
    return {
        "services": {
            name: {"address": service["address"], "healthy": answer}
            for (name, service), answer in zip(services.items(), answers, strict=True)
        },
        "tier": await tier(executor["address"], tls) if executor else None,
        "model": stack["model"],
        "console": stack.get("console"),
        "state": str(layout.state),
    }
