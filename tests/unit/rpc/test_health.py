"""What a service says of itself (docs/connections.md §2)."""

from __future__ import annotations

from grpc_health.v1 import health, health_pb2

from placet.rpc.health import Checks, Patient, State, publish


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

    servicer = health.aio.HealthServicer()
    await publish(servicer, ["placetpb.audit.v1.AuditService"], await Checks(no, yes).ask())
    replies = [
        await servicer.Check(health_pb2.HealthCheckRequest(service=name), None)
        for name in ("", "placetpb.audit.v1.AuditService")
    ]

    assert [reply.status for reply in replies] == [
        health_pb2.HealthCheckResponse.SERVING,
        health_pb2.HealthCheckResponse.NOT_SERVING,
    ]
    assert await Checks(no).ask() == State(serves=False, ready=False)
