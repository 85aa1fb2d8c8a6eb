"""One way to run a service: mutual TLS, allow-list, health, reflection, and an end that loses nothing.

Knows no service: `register` adds the servicers. A program built on `serve` has nothing left to
forget; whatever is not allowed by name is refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import grpc
import structlog
from google.protobuf import descriptor_pool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from placet.rpc.channel import MAX_MESSAGE_BYTES
from placet.rpc.deadline import MAX_RPC_S
from placet.rpc.health import Checks, HealthCheck, always_healthy, keep_health, publish
from placet.rpc.health_servicer import HealthServicer
from placet.rpc.identity import AllowList
from placet.rpc.interceptors import AroundInterceptor, TimeLimit, errors, identity, telemetry
from placet.rpc.metrics import NOWHERE, Shown
from placet.rpc.tls import CurrentTls, TlsFiles, server_credentials

Register = Callable[[grpc.aio.Server], Sequence[str]]
"""Adds servicers to a server and returns the full names of their services."""

HEALTH = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name

_log = structlog.get_logger()


@dataclass(frozen=True)
class Turnover:
    """How a server gives way to another one (docs/connections.md §4), in seconds."""

    notice_s: float = 0.0
    """How long it goes on taking calls once it has said that it stops: until everybody looks elsewhere."""
    drain_s: float = 10.0
    """The longest that calls in flight may take to end after that."""
    max_connection_age_s: float = 0.0
    """After which its clients connect anew, and so find replicas that are new; 0: never."""


@dataclass(frozen=True)
class BuiltServer:
    """A server that is bound and not started."""

    server: grpc.aio.Server
    health: HealthServicer
    names: tuple[str, ...]
    address: str
    limit: TimeLimit

    async def ready(self) -> bool:
        """What health says of the server as a whole at this moment."""
        return self.health.serves("")

    async def stop(self, drain_s: float) -> None:
        """Say NOT_SERVING, take no new RPC, let those in flight end within `drain_s` seconds."""
        await self.health.say_farewell()
        self.limit.end_endless()
        await self.server.stop(drain_s)


def build_server(
    *,
    listen: str,
    tls: TlsFiles,
    allow: AllowList,
    register: Register,
    endless: Collection[str] = (),
    max_rpc_s: float = MAX_RPC_S,
    max_message_bytes: int = MAX_MESSAGE_BYTES,
    max_connection_age_s: float = 0.0,
) -> BuiltServer:
    """A bound server with everything that every service needs.

    `endless` names methods that have no end of their own; they get no time limit.

    Raises:
        ValueError: the allow-list names a method that no registered service has.
        RuntimeError: `listen` cannot be bound.
    """
    limit = TimeLimit(max_rpc_s, frozenset(endless))
    server = grpc.aio.server(
        interceptors=[
            AroundInterceptor(errors),
            AroundInterceptor(telemetry, drains=True),
            AroundInterceptor(identity(allow)),
            AroundInterceptor(limit.around, passing=limit.passing),
        ],
        options=_options(max_message_bytes) + _aging(max_connection_age_s, max_rpc_s),
    )
    server.add_registered_method_handlers = _found_by_name  # type: ignore[assignment, method-assign]
    names = tuple(register(server))
    _refuse_unknown_methods(allow, names)
    servicer = HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    reflection.enable_server_reflection((*names, HEALTH, reflection.SERVICE_NAME), server)
    return BuiltServer(server, servicer, names, _bind(server, listen, tls), limit)


async def serve(
    *,
    name: str,
    listen: str,
    tls: TlsFiles,
    allow: AllowList,
    register: Register,
    ready_file: Path | None,
    health_check: HealthCheck | None = None,
    ready_check: HealthCheck | None = None,
    turnover: Turnover = Turnover(),
    max_message_bytes: int = MAX_MESSAGE_BYTES,
    endless: Collection[str] = (),
    max_rpc_s: float = MAX_RPC_S,
    on_signal: Callable[[], object] = lambda: None,
    on_stop: Callable[[], object] = lambda: None,
    metrics: Shown = NOWHERE,
    stop: asyncio.Event | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then drain.

    Args:
        name: for the log.
        listen: "127.0.0.1:0" or "unix:/path".
        register: adds the servicers; returns the full names of their services.
        ready_file: gets the bound address, atomically, once the server answers; removed at the end.
        health_check: asked every second; without one the service is healthy while it answers.
        ready_check: whether the process does its part, which may be to stand by; by default, to be healthy.
        turnover: how it ends, and how long connections last.
        endless: methods that have no end of their own.
        max_rpc_s: how long any other may take, in seconds.
        on_signal: called at the first signal, also when it comes while the server already stops.
        on_stop: called before the drain; RPCs in flight may be told by it to come to an end.
        metrics: what is shown over HTTP, and where. Raises OSError or ValueError when it cannot be.
        stop: ends it as the signals do, once it is set.
    """
    stopping = stop or asyncio.Event()
    _stop_on_signals(stopping, on_signal)
    built = build_server(
        listen=listen,
        tls=tls,
        allow=allow,
        register=register,
        max_message_bytes=max_message_bytes,
        endless=endless,
        max_rpc_s=max_rpc_s,
        max_connection_age_s=turnover.max_connection_age_s,
    )
    checks = Checks(health_check or always_healthy, ready_check)
    await publish(built.health, built.names, await checks.ask())
    async with _exposing(metrics, name, tls, built):  # also while it drains
        await built.server.start()
        watching = asyncio.create_task(keep_health(built.health, built.names, checks))
        if ready_file:
            write_atomically(ready_file, built.address)
        _log.info("serving", server=name, address=built.address, services=list(built.names))
        try:
            await stopping.wait()
            _log.info("draining", server=name, notice_s=turnover.notice_s, drain_s=turnover.drain_s)
            await _give_notice(built, ready_file, turnover.notice_s)
        finally:
            watching.cancel()
            _remove(ready_file)
            on_stop()
            await built.stop(turnover.drain_s)
            _log.info("stopped", server=name)


def _exposing(
    metrics: Shown, name: str, tls: TlsFiles, built: BuiltServer
) -> contextlib.AbstractAsyncContextManager[None]:
    if not metrics.listen:
        return contextlib.nullcontext()
    from placet.rpc.exposition import exposing  # the HTTP server is loaded only where it is asked for

    return exposing(metrics, name=name, tls=tls, ready=built.ready)


def write_atomically(path: Path, text: str) -> None:
    """Write a small file so that a reader sees all of it or nothing."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    scratch.write_text(text)
    scratch.replace(path)


async def _give_notice(built: BuiltServer, ready_file: Path | None, notice_s: float) -> None:
    """Say that this is the end, and take calls until those who have not heard it had time to."""
    _remove(ready_file)
    await built.health.say_farewell()
    await asyncio.sleep(notice_s)


def _remove(ready_file: Path | None) -> None:
    if ready_file:
        ready_file.unlink(missing_ok=True)


def _stop_on_signals(stopping: asyncio.Event, on_signal: Callable[[], object]) -> None:
    """SIGTERM and SIGINT set the event; a second signal ends the process as it always would."""
    loop = asyncio.get_running_loop()

    def stop(number: signal.Signals) -> None:
        on_signal()
        stopping.set()
        loop.remove_signal_handler(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)


def _bind(server: grpc.aio.Server, listen: str, tls: TlsFiles) -> str:
    """Bind and return the address that clients use."""
    port = server.add_secure_port(listen, server_credentials(CurrentTls(tls)))
    if listen.startswith("unix:"):
        with contextlib.suppress(FileNotFoundError):  # an abstract socket has no file
            Path(listen.removeprefix("unix:")).chmod(0o600)
        return listen
    host, _, _ = listen.rpartition(":")
    return f"{host}:{port}"


def _found_by_name(_service: str, _methods: object) -> None:
    """Instead of what generated code does besides adding its handlers.

    For each method that is registered so, gRPC keeps a task that waits for its next call, and looks through
    all of them at each call of any: with the log's fourteen, that was a tenth of what an append took.
    """


def _options(max_message_bytes: int) -> list[tuple[str, int]]:
    return [
        ("grpc.max_receive_message_length", max_message_bytes),
        ("grpc.max_send_message_length", max_message_bytes),
        ("grpc.so_reuseport", 0),  # two servers on one port would share its calls in silence
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
        ("grpc.keepalive_permit_without_calls", 1),
    ]


def _aging(max_connection_age_s: float, max_rpc_s: float) -> list[tuple[str, int]]:
    """A connection takes no new call after its age; one that is under way ends with its own time limit."""
    if not max_connection_age_s:
        return []
    return [
        ("grpc.max_connection_age_ms", int(max_connection_age_s * 1000)),
        ("grpc.max_connection_age_grace_ms", int(max_rpc_s * 1000)),
    ]


def _refuse_unknown_methods(allow: AllowList, names: Sequence[str]) -> None:
    """A misspelt allow-list entry would otherwise lock everybody out of a method, unnoticed."""
    known = {
        f"/{name}/{method}"
        for name in names
        for method in descriptor_pool.Default().FindServiceByName(name).methods_by_name
    }
    if unknown := sorted(set(allow) - known):
        raise ValueError(f"The allow-list names methods that this server does not have: {', '.join(unknown)}")
