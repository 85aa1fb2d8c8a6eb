"""What a service says of itself (docs/connections.md §2)."""

from __future__ import annotations

import asyncio

import pytest
from grpc_health.v1 import health_pb2

from placet.rpc.errors import ServiceError
from placet.rpc.health import Checks, Patient, State, publish
from placet.rpc.health_servicer import HealthServicer


class Log:
    """Something else that serves, or not."""

    def __init__(self) -> None:
        self.serves = False
        self.now = 0.0

    async def check(self) -> bool:
        return self.serves

    def patient(self) -> Patient:
        return Patient(self.check, for_s=15, clock=lambda: self.now)


async def test_what_has_not_served_yet_is_not_forgiven() -> None:
    """§2.3"""
    log = Log()

    assert not await log.patient()()


async def test_what_is_away_for_a_moment_is_forgiven_and_then_no_longer() -> None:
    """§2.3"""
    log = Log()
    patient = log.patient()
    log.serves = True
    assert await patient()
    log.serves = False
    log.now = 14.9
    assert await patient()
    log.now = 15.0
    assert not await patient()
    log.serves = True
    assert await patient()


async def test_a_standby_is_ready_and_does_not_serve() -> None:
    """§2.2: the empty name is the process, the other names are its services."""

    async def no() -> bool:
        return False

    async def yes() -> bool:
        return True

    servicer = HealthServicer()
    await publish(servicer, ["placetpb.audit.v1.AuditService"], await Checks(no, yes).ask())

    assert (servicer.serves(""), servicer.serves("placetpb.audit.v1.AuditService")) == (True, False)
    assert await Checks(no).ask() == State(serves=False, ready=False)


STATUS = health_pb2.HealthCheckResponse


async def test_a_peer_that_does_not_read_keeps_the_news_from_nobody_else() -> None:
    """A generator that is not asked for more stands for a write that does not end."""
    servicer = HealthServicer()
    await servicer.say({"a": True})
    stuck, watch = (servicer.Watch(STATUS_OF_A, None) for _ in range(2))
    await anext(stuck), await anext(watch)
    async with asyncio.timeout(5):
        await servicer.say({"a": False})
        told = await anext(watch)

    assert told.status == STATUS.NOT_SERVING


async def test_a_watch_is_told_changes_only_and_of_names_that_are_not_there_as_well() -> None:
    """As grpc.health.v1 has it: an unknown name may come to be."""
    servicer = HealthServicer()
    watch = servicer.Watch(STATUS_OF_A, None)
    seen = [(await anext(watch)).status]
    following = asyncio.ensure_future(anext(watch))
    await servicer.say({"b": True})
    await servicer.say({"a": False})
    seen.append((await following).status)

    assert seen == [STATUS.SERVICE_UNKNOWN, STATUS.NOT_SERVING]
    with pytest.raises(ServiceError, match="SERVICE_UNKNOWN"):
        await servicer.Check(health_pb2.HealthCheckRequest(service="c"), None)


async def test_a_farewell_is_for_good() -> None:
    """A check that is still under way does not take it back."""
    servicer = HealthServicer()
    await servicer.say({"": True, "a": True})
    await servicer.say_farewell()
    await servicer.say({"": True, "a": True})

    assert not servicer.serves("")
    assert not servicer.serves("a")


STATUS_OF_A = health_pb2.HealthCheckRequest(service="a")
