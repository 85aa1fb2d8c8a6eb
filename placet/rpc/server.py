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
from grpc_health.v1 import health, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from placet.rpc.channel import MAX_MESSAGE_BYTES
from placet.rpc.deadline import MAX_RPC_S
from placet.rpc.health import HealthCheck, always_healthy, is_healthy, keep_health, set_health
from placet.rpc.identity import AllowList
from placet.rpc.interceptors import AroundInterceptor, TimeLimit, errors, identity, telemetry
from placet.rpc.tls import TlsFiles

Register = Callable[[grpc.aio.Server], Sequence[str]]
"""Adds servicers to a server and returns the full names of their services."""

_log = structlog.get_logger()


@dataclass(frozen=True)
class BuiltServer:
    """A server that is bound and not started."""

    server: grpc.aio.Server
    health: health.aio.HealthServicer
    names: tuple[str, ...]
    address: str
    limit: TimeLimit

    async def stop(self, drain_s: float) -> None:
        """Say NOT_SERVING, take no new RPC, let those in flight end within `drain_s` seconds."""
        await self.health.enter_graceful_shutdown()
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
) -> BuiltServer:
    """A bound server with everything that every service needs.

    `endless` names methods that have no end of their own; they get no time limit.

    Raises:
        ValueError: the allow-list names a method that no registered service has.
        RuntimeError: `listen` cannot be bound.
    """
    limit = TimeLimit(max_rpc_s, frozenset(endless), set())
    arounds = (errors, telemetry, identity(allow), limit.around)
    server = grpc.aio.server(
        interceptors=[AroundInterceptor(around, drains=around is telemetry) for around in arounds],
        options=_options(max_message_bytes),
    )
    names = tuple(register(server))
    _refuse_unknown_methods(allow, names)
    servicer = health.aio.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
    reflection.enable_server_reflection((*names, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
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
    drain_s: float = 10.0,
    max_message_bytes: int = MAX_MESSAGE_BYTES,
    endless: Collection[str] = (),
    max_rpc_s: float = MAX_RPC_S,
    on_stop: Callable[[], object] = lambda: None,
) -> None:
    """Serve until SIGTERM or SIGINT, then drain.

    Args:
        name: for the log.
        listen: "127.0.0.1:0" or "unix:/path".
        register: adds the servicers; returns the full names of their services.
        ready_file: gets the bound address, atomically, once the server answers; removed at the end.
        health_check: asked every two seconds; without one the service is healthy while it answers.
        drain_s: how long RPCs in flight may take to end, in seconds.
        endless: methods that have no end of their own.
        max_rpc_s: how long any other may take, in seconds.
        on_stop: called before the drain; RPCs in flight may be told by it to come to an end.
    """
    stopping = _stop_on_signals()
    built = build_server(
        listen=listen,
        tls=tls,
        allow=allow,
        register=register,
        max_message_bytes=max_message_bytes,
        endless=endless,
        max_rpc_s=max_rpc_s,
    )
    check = health_check or always_healthy
    await set_health(built.health, built.names, await is_healthy(check))
    await built.server.start()
    watching = asyncio.create_task(keep_health(built.health, built.names, check))
    if ready_file:
        write_atomically(ready_file, built.address)
    _log.info("serving", server=name, address=built.address, services=list(built.names))
    try:
        await stopping.wait()
        _log.info("draining", server=name, drain_s=drain_s)
    finally:
        watching.cancel()
        _remove(ready_file)
        on_stop()
        await built.stop(drain_s)
        _log.info("stopped", server=name)


def write_atomically(path: Path, text: str) -> None:
    """Write a small file so that a reader sees all of it or nothing."""
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    scratch.write_text(text)
    scratch.replace(path)


def _remove(ready_file: Path | None) -> None:
    if ready_file:
        ready_file.unlink(missing_ok=True)


def _stop_on_signals() -> asyncio.Event:
    """An event that SIGTERM and SIGINT set; a second signal ends the process as it always would."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop(number: signal.Signals) -> None:
        stopping.set()
        loop.remove_signal_handler(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number)
    return stopping


def _bind(server: grpc.aio.Server, listen: str, tls: TlsFiles) -> str:
    """Bind and return the address that clients use."""
    port = server.add_secure_port(listen, tls.server_credentials())
    if listen.startswith("unix:"):
        with contextlib.suppress(FileNotFoundError):  # an abstract socket has no file
            Path(listen.removeprefix("unix:")).chmod(0o600)
        return listen
    host, _, _ = listen.rpartition(":")
    return f"{host}:{port}"


def _options(max_message_bytes: int) -> list[tuple[str, int]]:
    return [
        ("grpc.max_receive_message_length", max_message_bytes),
        ("grpc.max_send_message_length", max_message_bytes),
        ("grpc.so_reuseport", 0),  # two servers on one port would share its calls in silence
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
        ("grpc.keepalive_permit_without_calls", 1),
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
