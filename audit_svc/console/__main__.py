"""The console: wiring only."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack

import grpc
import uvloop
from placetpb.console.v1 import console_pb2_grpc

from audit_svc.console.app import application
from audit_svc.console.entrance import Entrance
from audit_svc.console.limits import Limiter, Lockout
from audit_svc.console.links import Links
from audit_svc.console.log import GrpcLog, Log
from audit_svc.console.servicer import ALLOW, SERVICE, ConsoleServicer
from audit_svc.console.sessions import Sessions
from audit_svc.console.settings import ConsoleSettings
from audit_svc.console.site import Site
from audit_svc.console.web import Console
from audit_svc.http_server import serving
from placet.audit.reader import LogUnreadable
from placet.audit.reader_postgres import open_log
from placet.listening import listening, url_of
from placet.rpc.channel import connect
from placet.rpc.errors import ServiceError
from placet.rpc.server import serve, write_atomically
from placet.rpc.settings import load
from placet.rpc.telemetry import configure_logging

RECORDED_FAILURES: int = 60
"""Failures to log in that are recorded one by one, and a tenth as many a minute after that."""


async def main(settings: ConsoleSettings) -> None:
    """Serve until told to stop. Raises LogUnreadable, OSError or ValueError."""
    async with AsyncExitStack() as stack:
        reader = stack.enter_context(open_log(settings.log))
        channel = await stack.enter_async_context(
            connect(settings.audit_address, settings.tls, server="audit")
        )
        log = GrpcLog(reader, channel)
        bound = listening(settings.web_listen)
        site = Site.of(settings.web_url or url_of(bound))
        console = Console(log, parts={type(part): part for part in parts(settings, log, site)})
        await stack.enter_async_context(
            serving(
                application(console, site),
                bound,
                tls=(settings.web_tls_cert, settings.web_tls_key),
                trusted_proxies=settings.trusted_proxies,
            )
        )
        if settings.url_file:
            write_atomically(settings.url_file, site.origin)
        await answer(settings, console)


def parts(settings: ConsoleSettings, log: Log, site: Site) -> Iterator[object]:
    """What pages need beside the log: each once, found by its type."""
    sessions = Sessions(longest_s=settings.session_s, idle_s=settings.idle_s)
    yield settings
    yield site
    yield sessions
    yield Entrance(log, settings.roles, Links(), sessions, Lockout(), Limiter(0.1, RECORDED_FAILURES))


async def answer(settings: ConsoleSettings, console: Console) -> None:
    """The gRPC service, until told to stop."""

    def register(server: grpc.aio.Server) -> list[str]:
        servicer = ConsoleServicer(console.part(Entrance), console.part(Site))
        console_pb2_grpc.add_ConsoleServiceServicer_to_server(servicer, server)
        return [SERVICE]

    async def healthy() -> bool:
        await console.log.ask(lambda reader: reader.get(0))
        return True

    await serve(
        name="console",
        listen=settings.listen,
        tls=settings.tls,
        allow=ALLOW,
        register=register,
        ready_file=settings.ready_file,
        health_check=healthy,
    )


if __name__ == "__main__":
    configure_logging("console")
    try:
        uvloop.run(main(load(ConsoleSettings)))
    except (LogUnreadable, OSError, ValueError, ServiceError) as error:
        sys.exit(f"The console does not go on. {error}")
