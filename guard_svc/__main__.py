"""The guard service: wiring only."""

import asyncio
import sys
from datetime import timedelta
from typing import Final

import grpc
import structlog
import uvloop
from placetpb.guard.v1 import guard_pb2_grpc

from guard_svc.approve import Approver, ApproverSettings
from guard_svc.bandit_source import BanditFailed, BanditSource
from guard_svc.breaker import Breaker
from guard_svc.cache import VerdictCache
from guard_svc.pauses import Pauses
from guard_svc.profiles import DEFAULT_FILE, load_profiles
from guard_svc.review import Guard
from guard_svc.reviewer import Reviewer
from guard_svc.room import GrpcRoom
from guard_svc.scopes import load_scopes
from guard_svc.screening import Screener
from guard_svc.servicer import ALLOW, SERVICE, GuardServicer
from guard_svc.settings import GuardSettings
from guard_svc.sources import RuleSource
from placet.approval.keys import SigningKey
from placet.audit.client import GrpcAuditLog
from placet.environment import load
from placet.llm.chat import ChatModel
from placet.rpc import metrics
from placet.rpc.channel import connect
from placet.rpc.errors import ServiceError
from placet.rpc.health import Patient, serves
from placet.rpc.server import serve
from placet.rpc.telemetry import configure_logging

MODEL_CHECK_PERIOD_S: Final = 30.0
PAUSE_CHECK_PERIOD_S: Final = 5.0

_log = structlog.get_logger()


async def main(settings: GuardSettings) -> None:
    """Serve until told to stop. Raises OSError or ValueError (scopes, keys, profiles) before serving."""
    book = load_scopes(settings.scopes_dir, settings.callers_file)
    key = SigningKey.load(settings.approval_key)
    profiles = load_profiles(settings.profiles_file or DEFAULT_FILE)
    chat = ChatModel(settings.model)
    async with connect(settings.audit_address, settings.tls, server="audit") as audit:
        log = GrpcAuditLog(audit, streams=True)
        pauses = Pauses(Breaker(settings.breaker), log)
        guard = Guard(
            reviewer=Reviewer(chat, profiles, model=settings.model.model),
            screener=Screener(chat, profiles, model=settings.model.model),
            log=log,
            approver=Approver(
                key, log, ApproverSettings(settings.audience, timedelta(seconds=settings.approval_ttl_s))
            ),
            cache=VerdictCache(ttl_s=settings.cache_ttl_s),
            pauses=pauses,
            sources=rule_sources(settings),
            room=GrpcRoom(audit),
        )

        def register(server: grpc.aio.Server) -> list[str]:
            servicer = GuardServicer(guard, book, review_timeout_s=settings.review_timeout_s)
            guard_pb2_grpc.add_GuardServiceServicer_to_server(servicer, server)
            return [SERVICE]

        # Without the log no verdict can leave this service.
        healthy = Patient(lambda: serves(audit, "audit"))
        watching = (asyncio.create_task(watch_model(chat)), asyncio.create_task(watch_pauses(pauses)))
        try:
            await serve(
                name="guard",
                listen=settings.listen,
                tls=settings.tls,
                allow=ALLOW,
                register=register,
                ready_file=settings.ready_file,
                turnover=settings.turnover,
                health_check=healthy,
                metrics=metrics.Shown(settings.metrics_listen, metrics.GUARD + metrics.MODEL),
            )
        finally:
            for watch in watching:
                watch.cancel()
            await chat.aclose()


def rule_sources(settings: GuardSettings) -> tuple[RuleSource, ...]:
    """The extra rules asked for. Raises ValueError when they cannot run: a guard must not start without."""
    if settings.extra_rules == "none":
        return ()
    try:
        return (BanditSource(),)
    except (ImportError, BanditFailed) as error:
        raise ValueError(
            f"PLACET_GUARD_EXTRA_RULES=bandit, but Bandit does not run ({error}); "
            "install it with pip install -r requirements/bandit.txt"
        ) from error


async def watch_model(chat: ChatModel) -> None:
    """Log when the model comes or goes. It is no part of health: rules still deny, and scopes still list."""
    known: bool | None = None
    while True:
        answers = await chat.available()
        if answers != known:
            metrics.REVIEWER_REACHABLE.set(answers)
            _log.info("reviewer model", reachable=answers, model=chat.settings.model)
            known = answers
        await asyncio.sleep(MODEL_CHECK_PERIOD_S)


async def watch_pauses(pauses: Pauses) -> None:
    """Put the end of each pause on record although its caller may never come back."""
    while True:
        await asyncio.sleep(PAUSE_CHECK_PERIOD_S)
        try:
            await pauses.end_those_over()
        except ServiceError as error:
            _log.warning("the end of a pause is not on record yet", reason=error.reason)


if __name__ == "__main__":
    configure_logging("guard")
    try:
        uvloop.run(main(load(GuardSettings)))
    except (OSError, ValueError) as error:
        sys.exit(f"The guard does not start. {error}")
