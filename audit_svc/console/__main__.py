"""The console: wiring only."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Final

import grpc
import uvloop
from placetpb.console.v1 import console_pb2_grpc

from audit_svc.console.app import application, routes
from audit_svc.console.case import moment
from audit_svc.console.cases import Cases
from audit_svc.console.claims import Claims
from audit_svc.console.decisions import Decisions
from audit_svc.console.earlier import Overview
from audit_svc.console.entrance import Entrance
from audit_svc.console.guards import Guards
from audit_svc.console.labels import Labels
from audit_svc.console.limits import Limiter
from audit_svc.console.live import Live, Part
from audit_svc.console.log import GrpcLog, Log
from audit_svc.console.names import Names
from audit_svc.console.queue import Queue
from audit_svc.console.replays import Replays
from audit_svc.console.reports import Reports
from audit_svc.console.reviewers import Reviewers
from audit_svc.console.sample import Sample
from audit_svc.console.scopes import Scopes
from audit_svc.console.servicer import ALLOW, SERVICE, ConsoleServicer
from audit_svc.console.sessions import Sessions
from audit_svc.console.settings import ConsoleSettings
from audit_svc.console.sign_on import Provider, SignOn, people_of
from audit_svc.console.site import Site
from audit_svc.console.tree import LogTree
from audit_svc.console.views import Views
from audit_svc.console.web import Console
from audit_svc.console.witnesses import Witnesses
from audit_svc.readings import Readings
from placet.audit.reader import LogUnreadable
from placet.audit.reader_postgres import open_log
from placet.environment import load
from placet.http_server import serving
from placet.listening import listening, url_of
from placet.rpc import metrics
from placet.rpc.channel import connect
from placet.rpc.errors import ServiceError
from placet.rpc.server import serve, write_atomically
from placet.rpc.telemetry import configure_logging

PER_S: Final = 50.0
"""Requests a second that one session, or one address without a session, may go on making."""
AT_ONCE: Final = 500
"""And how many it may make at once: a page fetches its files and the tiles of its proofs."""


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
        if settings.oidc_issuer:
            console.parts[SignOn] = sign_on(settings, site)
        guards = await stack.enter_async_context(Guards.connected(settings.guards, settings.tls))
        replays = console.parts[Replays] = Replays(log, guards)
        live = Live(log, [part for part in console.parts.values() if isinstance(part, Part)])
        console.parts[Live] = live
        await stack.enter_async_context(live.following())
        await stack.enter_async_context(
            serving(
                application(console, routes()),
                bound,
                tls=(settings.web_tls_cert, settings.web_tls_key),
                trusted_proxies=settings.trusted_proxies,
            )
        )
        stack.callback(live.close)  # pages that stay open would keep the server from ending
        stack.push_async_callback(replays.close)
        if settings.url_file:
            write_atomically(settings.url_file, site.origin)
        await answer(settings, console)


def parts(settings: ConsoleSettings, log: Log, site: Site) -> Iterator[object]:
    """What pages need beside the log: each once, found by its type."""
    sessions = Sessions(longest_s=settings.session_s, idle_s=settings.idle_s)
    yield settings
    yield site
    yield sessions
    yield Limiter(PER_S, AT_ONCE)
    yield Entrance(log, settings.access, sessions)
    yield LogTree(log)
    yield Witnesses(log, settings.witness_policy.read_text() if settings.witness_policy else "")
    scopes, reviewers = Scopes(settings.scopes_dir), Reviewers(settings.keys_dir)
    yield scopes
    yield reviewers
    yield Queue()
    yield Overview()
    yield Names()
    yield Labels(Sample(settings.sample_percent))
    yield Views(settings.views_file)
    yield Readings(log.append)
    yield Decisions(log, scopes, reviewers)
    yield Claims(log, Cases(log))
    yield Reports(log, reviewers)


def sign_on(settings: ConsoleSettings, site: Site) -> SignOn:
    """Who says who people are. Raises OSError and ValueError for its files."""
    from audit_svc.console.oidc import OpenId  # libraries that nobody waits for who does without

    people, secret = settings.oidc_people_file, settings.oidc_client_secret_file
    return OpenId(
        Provider(
            settings.oidc_issuer,
            settings.oidc_client_id,
            secret.read_text().strip() if secret else "",
            settings.oidc_name_claim,
            people_of(people.read_text()) if people else None,
            settings.oidc_groups_claim,
            settings.oidc_roles,
            settings.oidc_scope,
        ),
        site,
    )


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
        turnover=settings.turnover,
        health_check=healthy,
        metrics=show(settings, console),
    )


def show(settings: ConsoleSettings, console: Console) -> metrics.Shown:
    """What this process shows; the queue's numbers are read when somebody asks."""
    queue, live = console.part(Queue), console.part(Live)
    metrics.REVIEWS_WAITING.set_function(lambda: len(queue))
    metrics.OLDEST_REVIEW.set_function(
        lambda: sum(moment(i.time).timestamp() for i in queue.waiting(1, "age"))
    )
    metrics.STREAMS_OPEN.set_function(lambda: live.streams.total())
    return metrics.Shown(settings.metrics_listen, metrics.CONSOLE)


if __name__ == "__main__":
    configure_logging("console")
    try:
        uvloop.run(main(load(ConsoleSettings)))
    except (LogUnreadable, OSError, ValueError, ServiceError) as error:
        sys.exit(f"The console does not go on. {error}")
