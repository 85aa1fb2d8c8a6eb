"""Several audit services over one log (docs/audit-format.md §7.13): one writes, the others wait."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import psycopg
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from placetpb.audit.v1 import audit_pb2 as pb
from placetpb.audit.v1 import audit_pb2_grpc

from placet.audit.client import Appended, GrpcAuditLog
from placet.audit.verify import Report, verify_database
from placet.rpc.channel import connect
from placet.rpc.errors import ServiceError
from placet.rpc.identity import service_uri
from tests.fakes.audit_world import ORIGIN, LogSigner
from tests.fakes.postgres import Cluster, Database
from tests.fakes.rpc import Authority

PATIENCE_S = 40.0
TASK = {"task_sha256": "0" * 64, "caller": "c", "inputs": [], "scope": "s"}


@dataclass
class Replica:
    """One audit service, a process of its own with a checkpoint file of its own."""

    directory: Path
    authority: Authority
    log: str
    """Its database, as the environment variable that names it."""
    process: subprocess.Popen[bytes] | None = None

    def start(self, peers: str = "") -> None:
        tls = self.authority.service("audit")
        name, _, where = self.log.partition("=")
        variables = {
            "PATH": os.environ["PATH"],
            "PLACET_AUDIT_LISTEN": f"unix:{self.directory}/s",
            "PLACET_AUDIT_READY_FILE": str(self.directory / "ready"),
            "PLACET_AUDIT_TLS_CA": str(tls.ca),
            "PLACET_AUDIT_TLS_CERT": str(tls.cert),
            "PLACET_AUDIT_TLS_KEY": str(tls.key),
            "PLACET_AUDIT_LOG_KEY": str(self.directory.parent / "key"),
            "PLACET_AUDIT_CHECKPOINT_FILE": str(self.checkpoint),
            "PLACET_AUDIT_PEERS": peers,
            name: where,
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "audit_svc"],
            env=variables,
            stderr=(self.directory / "log").open("wb"),
            cwd=Path(__file__).parents[2],
        )

    @property
    def checkpoint(self) -> Path:
        return self.directory / "checkpoint"

    @property
    def said(self) -> str:
        return (self.directory / "log").read_text()

    def end(self, number: signal.Signals = signal.SIGKILL) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(20)

    @asynccontextmanager
    async def as_generator(self) -> AsyncIterator[grpc.aio.Channel]:
        peer = self.authority.peer(service_uri("generator"))
        async with connect(f"unix:{self.directory}/s", peer, server="audit") as channel:
            yield channel

    async def append(self, key: str) -> Appended:
        async with self.as_generator() as channel:
            log = GrpcAuditLog(channel)
            return await log.append("task_received", TASK, request_id="r", idempotency_key=key)

    async def refusal(self) -> ServiceError:
        """What an append is told that is not tried again."""
        async with self.as_generator() as channel:
            request = pb.AppendRequest(kind="task_finished", request_id="r", body_json=b'{"outcome":"x"}')
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await audit_pb2_grpc.AuditServiceStub(channel).Append(request)
        return ServiceError.from_rpc(refused.value)

    async def serves(self) -> bool:
        async with self.as_generator() as channel:
            asked = health_pb2.HealthCheckRequest(service="placetpb.audit.v1.AuditService")
            answer = await health_pb2_grpc.HealthStub(channel).Check(asked)
            return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)

    async def waits(self) -> bool:
        return not await self.serves()


async def until(condition: Callable[[], Awaitable[bool]], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            if await condition():
                return
        except (grpc.aio.AioRpcError, ServiceError, FileNotFoundError):
            pass  # not yet
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.1)


@dataclass
class Pair:
    """Two replicas over one log."""

    first: Replica
    second: Replica
    vkey: str
    database: Path | str

    async def start(self) -> None:
        """The first one leads, with one record of ours; the second stands by."""
        self.first.start()
        await until(self.first.serves, self.first.said)
        await self.first.append("before")
        shutil.copy(self.first.checkpoint, self.second.checkpoint)  # as an administrator must
        self.second.start()
        await until(self.second.waits, "the second one does not answer")

    def verify(self, checkpoint: Path) -> Report:
        return verify_database(self.database, checkpoint, self.vkey)


@pytest.fixture(params=["sqlite", "postgres"])
def pair(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, authority: Authority
) -> Iterator[Pair]:
    directory = tmp_path_factory.mktemp("log")
    signer = LogSigner.generate(ORIGIN)
    signer.save(directory / "key")
    database: Path | str = directory / "audit.sqlite"
    log = f"PLACET_AUDIT_DATABASE={database}"
    if request.param == "postgres":
        place: Database = request.getfixturevalue("postgres_log")
        database, log = place.as_reader, f"PLACET_AUDIT_DATABASE_URL={place.as_service}"
    replicas = [Replica(directory / name, authority, log) for name in ("a", "b")]
    for replica in replicas:
        replica.directory.mkdir()
    yield Pair(*replicas, signer.verifier.vkey, database)
    for replica in replicas:
        if replica.process and replica.process.poll() is None:
            replica.end()


async def test_a_standby_refuses_and_takes_over_when_the_leader_is_killed(pair: Pair) -> None:
    await pair.start()
    refused = await pair.second.refusal()
    done = await pair.first.append("k")
    pair.first.end()
    await until(pair.second.serves, pair.second.said)

    assert (refused.code, refused.reason) == (grpc.StatusCode.UNAVAILABLE, "AUDIT_STANDBY")
    assert (await pair.second.append("k")).index == done.index
    assert (await pair.second.append("after")).index > done.index
    report = pair.verify(pair.second.checkpoint)
    assert report.ok, report.first_break


async def test_the_checkpoint_file_of_a_standby_follows(pair: Pair) -> None:
    await pair.start()
    done = await pair.first.append("k")

    async def follows() -> bool:
        return int(pair.second.checkpoint.read_text().split("\n")[1]) > done.index

    await until(follows, pair.second.said)


async def test_a_leader_that_ends_in_order_hands_over_at_once_and_can_come_back(pair: Pair) -> None:
    await pair.start()
    assert pair.first.end(signal.SIGTERM) == 0
    await until(pair.second.serves, pair.second.said)
    await pair.second.append("k")
    pair.first.start()
    await asyncio.sleep(1)
    pair.second.end()
    await until(pair.first.serves, pair.first.said)

    report = pair.verify(pair.first.checkpoint)
    assert report.ok, report.first_break


@pytest.mark.parametrize("pair", ["postgres"], indirect=True)
async def test_a_leader_that_was_paused_and_cut_off_never_writes_beside_the_next(
    pair: Pair, postgres_log: Database
) -> None:
    await pair.start()
    assert pair.first.process is not None
    pair.first.process.send_signal(signal.SIGSTOP)
    with psycopg.connect(postgres_log.as_superuser, autocommit=True) as db:
        db.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database = "
            "(SELECT oid FROM pg_database WHERE datname = current_database())"
        )
    await until(pair.second.serves, pair.second.said)
    done = await pair.second.append("k")
    pair.first.process.send_signal(signal.SIGCONT)
    refused = await pair.first.refusal()
    await until(pair.first.waits, pair.first.said)
    assert (await pair.first.refusal()).reason == "AUDIT_STANDBY"
    pair.second.end()
    await until(pair.first.serves, pair.first.said)

    assert refused.code == grpc.StatusCode.UNAVAILABLE
    assert (await pair.first.append("k")).index == done.index
    report = pair.verify(pair.first.checkpoint)
    assert report.ok, report.first_break


@pytest.mark.parametrize("pair", ["postgres"], indirect=True)
async def test_a_database_server_that_crashes_is_awaited(pair: Pair, postgres: Cluster) -> None:
    pair.first.start()
    await until(pair.first.serves, pair.first.said)
    done = await pair.first.append("k")
    postgres.crash()
    try:
        with pytest.raises(ServiceError) as refused:
            await pair.first.append("lost")
    finally:
        postgres.start()
    await until(pair.first.serves, pair.first.said)

    assert refused.value.reason == "AUDIT_UNAVAILABLE"
    assert (await pair.first.append("k")).index == done.index
    report = pair.verify(pair.first.checkpoint)
    assert report.ok, report.first_break


@pytest.mark.parametrize("pair", ["postgres"], indirect=True)
async def test_a_database_that_hangs_makes_the_service_unhealthy_until_it_answers(
    pair: Pair, postgres_log: Database
) -> None:
    pair.first.start()
    await until(pair.first.serves, pair.first.said)
    with psycopg.connect(postgres_log.as_superuser, autocommit=True) as db:
        backends = db.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'placet-audit' AND datname = %s",
            (postgres_log.name,),
        ).fetchall()
    for (backend,) in backends:
        os.kill(backend, signal.SIGSTOP)
    try:
        await until(pair.first.waits, pair.first.said)
    finally:
        for (backend,) in backends:
            os.kill(backend, signal.SIGCONT)
    await until(pair.first.serves, pair.first.said)

    report = pair.verify(pair.first.checkpoint)
    assert report.ok, report.first_break


async def test_a_replica_without_a_checkpoint_file_does_not_trust_the_database(pair: Pair) -> None:
    await pair.start()
    pair.second.end()
    pair.second.checkpoint.unlink()
    pair.second.start()

    assert pair.second.process is not None
    assert pair.second.process.wait(20) == 1
    assert "checkpoint file is missing" in pair.second.said


async def test_a_replica_that_starts_for_the_first_time_gets_the_checkpoint_of_the_one_that_leads(
    pair: Pair,
) -> None:
    pair.first.start()
    await until(pair.first.serves, pair.first.said)
    done = await pair.first.append("before")
    pair.second.start(peers=f"unix:{pair.first.directory}/s")
    await until(pair.second.waits, "the second one does not answer")

    pair.first.end()
    await until(pair.second.serves, pair.second.said)
    assert (await pair.second.append("after")).index > done.index
    report = pair.verify(pair.second.checkpoint)
    assert report.ok, report.first_break


async def test_a_replica_that_finds_nobody_who_leads_does_not_trust_the_database(pair: Pair) -> None:
    pair.first.start()
    await until(pair.first.serves, pair.first.said)
    await pair.first.append("before")
    pair.first.end()
    pair.second.start(peers=f"unix:{pair.first.directory}/s")

    assert pair.second.process is not None
    assert pair.second.process.wait(30) == 1
    assert "checkpoint file is missing" in pair.second.said
